import LinuxSystem
import Testing

@Suite struct UserRangeTests {
    @Test func `a number inside has one outside and comes back`() throws {
        let range = try UserRange(parsing: "1048576:65536")
        #expect(range.outside(0) == 1_048_576)
        #expect(range.outside(65535) == 1_114_111)
        #expect(range.outside(65536) == nil)
        #expect(range.inside(1_048_581) == 5)
        #expect(range.inside(1_114_112) == nil)
        #expect(range.inside(0) == nil)
        #expect("\(range)" == "1048576:65536")
    }

    @Test func `what has no number on the other side is nobody's`() {
        let range = UserRange(shift: 65536, count: 65536)
        #expect(range.outsideOrNobody(5) == 65541)
        #expect(range.outsideOrNobody(70_000) == 65536 + 65534)
        #expect(range.insideOrNobody(65541) == 5)
        #expect(range.insideOrNobody(5) == 65534)
        #expect(UserRange(shift: 65536, count: 10).outsideOrNobody(11) == 65545)
    }

    @Test(arguments: [
        "", ":", "1", "1:", ":1", "1:2:3", "0:65536", "1:0", "-1:5", "+1:5", " 1:5", "1:5\n", "0x1:5", "4294967295:1",
        "4294967296:1", "65536:4294967295", "a:b",
    ])
    func `what is no range is refused`(text: String) {
        #expect(throws: UserRangeError.self) { try UserRange(parsing: text) }
    }
}
