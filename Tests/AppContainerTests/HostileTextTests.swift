import AppContainer
import JSON
import Testing

@Suite struct HostileTextTests {
    @Test func `no text makes a parser trap`() {
        let parsers: [(String) throws -> Void] = [
            { _ = try ACName($0) }, { _ = try ACName(sanitizing: $0) }, { _ = try ACIdentifier($0) },
            { _ = try ACIdentifier(sanitizing: $0) }, { _ = try ImageID(parsing: $0) }, { _ = try PodID(parsing: $0) },
            { _ = try SemVer($0) }, { _ = try ACDate($0) }, { _ = try ImageName(parsing: $0) },
            { _ = try Volume(parsingFlag: $0) }, { _ = try Mount(parsingFlag: $0) },
            { _ = try ExposedPort(parsingFlag: $0) },
            { text in
                let quantity = try Quantity(text)
                _ = (quantity.bytesRoundedUp, quantity.milliValue)
            },
        ]
        let pieces = [
            "a", "0", "-", "--", ".", ":", ",", "=", "/", "+", "sha512-", "9999999999999999999", "1e30", "Ei", "m", "T",
            "Z", "2016-01-01", "name", "kind=empty", "kind=host", "source=/", "uid=", "mode=", "volume=", "target=",
            "\0", "\r\n", "\u{301}", "\u{e9}", "\u{1f600}", "\u{feff}", " ", "\"", "\\",
        ]
        var state: UInt64 = 3
        func random(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var (accepted, refused) = (0, 0)
        for _ in 0..<5000 {
            let text = (0...random(below: 6)).map { _ in pieces[random(below: pieces.count)] }.joined()
            for parse in parsers {
                do {
                    try parse(text)
                    accepted += 1
                } catch {
                    refused += "\(error)".isEmpty ? 0 : 1
                }
            }
        }
        #expect(accepted > 500)
        #expect(accepted + refused == 5000 * parsers.count)
    }
}
