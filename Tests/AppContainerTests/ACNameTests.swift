import AppContainer
import Testing

@Suite struct ACNameTests {
    @Test(arguments: ["etcd", "redis-master", "0", "a--b", String(repeating: "a", count: 255)])
    func `valid names are kept unchanged`(name: String) throws {
        #expect(try ACName(name).rawValue == name)
    }

    static let invalid: [(String, ACNameError)] = [
        ("", .empty),
        ("Etcd", .forbiddenCharacter("E", in: "Etcd")),
        ("example.com", .forbiddenCharacter(".", in: "example.com")),
        ("a/b", .forbiddenCharacter("/", in: "a/b")),
        ("a\0", .forbiddenCharacter("\0", in: "a\0")),
        ("\u{e9}", .forbiddenCharacter("\u{e9}", in: "\u{e9}")),
        ("-etcd", .dashAtEdge("-etcd")),
        ("etcd-", .dashAtEdge("etcd-")),
        (String(repeating: "a", count: 256), .tooLong(limit: 255)),
    ]

    @Test(arguments: invalid)
    func `invalid names say what is wrong`(name: String, expected: ACNameError) {
        #expect(throws: expected) { try ACName(name) }
    }

    @Test(arguments: [
        ("Redis_Master", "redis-master"), ("--a.b--", "a-b"), ("6379/tcp", "6379-tcp"), ("Caf\u{e9}1", "caf-1"),
    ])
    func `sanitizing replaces what is forbidden`(text: String, name: String) throws {
        #expect(try ACName(sanitizing: text).rawValue == name)
    }

    @Test(arguments: ["", "---", "\u{e9}"])
    func `sanitizing nothing is an error`(text: String) {
        #expect(throws: ACNameError.empty) { try ACName(sanitizing: text) }
    }
}
