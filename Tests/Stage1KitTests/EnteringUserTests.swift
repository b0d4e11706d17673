import LinuxSystem
import Stage1Kit
import Stage2Interface
import Testing

private struct Passwd: UserSource {
    let text: String

    func database(_ path: String) throws -> String { path == "/etc/passwd" ? text : "" }
    func owner(of path: String) throws -> (user: UInt32, group: UInt32) { throw Failure("nobody asks for owners") }
}

@Suite struct EnteringUserTests {
    private let passwd = Passwd(
        text: "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001::/:\n12:x:77:78::/:\ntoor:x:0:5::/:\nbad:x:+0:0::/:\n"
            + "odd:x:9:-1::/:\nshort:x:4\n")

    private func spec(_ user: String?) throws -> LaunchSpec {
        var spec = LaunchSpec(arguments: ["/bin/sh"], environment: [], user: 500, group: 501)
        spec.supplementaryGroups = [7]
        try spec.become(user, in: passwd)
        return spec
    }

    @Test(
        arguments: [
            (nil, 0, 0), ("root", 0, 0), ("0", 0, 0), ("web", 1000, 1001), ("1000", 1000, 1001), ("4242", 4242, 4242),
            ("12", 12, 12), ("77", 77, 78), ("toor", 0, 5), ("4294967294", 4_294_967_294, 4_294_967_294),
        ] as [(String?, UInt32, UInt32)])
    func `a user is who the app's files say`(name: String?, user: UInt32, group: UInt32) throws {
        let spec = try spec(name)
        #expect(spec.user == user)
        #expect(spec.group == group)
        #expect(spec.supplementaryGroups.isEmpty)
    }

    @Test func `the app's own user keeps its groups`() throws {
        let spec = try spec("app")
        #expect(spec.user == 500 && spec.group == 501 && spec.supplementaryGroups == [7])
    }

    @Test(arguments: ["+0", "-1", "00", "4294967295", "4294967296", "99999999999999999999"])
    func `what only looks like a number is nobody`(name: String) {
        #expect(throws: UserResolutionError.invalidNumber(name, kind: "user")) { try spec(name) }
    }

    @Test func `who is not there, or has no proper number, is told`() {
        for name in ["nobody", "", " 0", "/etc/passwd", "short", "WEB"] {
            #expect(throws: UserResolutionError.notFound(name, kind: "user")) { try spec(name) }
        }
        #expect(throws: UserResolutionError.invalidNumber("+0", kind: "user")) { try spec("bad") }
        #expect(throws: UserResolutionError.invalidNumber("-1", kind: "group")) { try spec("odd") }
    }
}
