import Testing

@testable import Stage1Kit

@Suite struct NameFilesTests {
    @Test func `the loopback address gets the pod's name as well`() {
        let text = "# hosts\n127.0.0.1 localhost\n\n::1 ip6-localhost\n"
        #expect(hostsFile(text, naming: "web") == "# hosts\n127.0.0.1 localhost web\n\n::1 ip6-localhost\n")
        #expect(hostsFile("127.0.0.1\tlocalhost\n", naming: "web") == "127.0.0.1\tlocalhost web\n")
    }

    @Test func `a file without the loopback address gets a line`() {
        #expect(hostsFile("127.0.0.11 x\n", naming: "web") == "127.0.0.1 web\n127.0.0.11 x\n")
    }
}

@Suite struct EnvironmentTests {
    @Test func `a value that no program can be started with is named, not its content`() throws {
        let longest = String(repeating: "x", count: 131_071 - "BIG=".count)
        #expect(try environment(of: .sample(setting: "BIG", longest), named: true).contains { $0.hasPrefix("BIG=") })
        let error = #expect(throws: (any Error).self) {
            try environment(of: .sample(setting: "BIG", longest + "x"), named: true)
        }
        let sentence = error.map { "\($0)" } ?? ""
        #expect(sentence.hasPrefix("variable 'BIG' of app 'app' takes 131072 bytes"))
        #expect(sentence.utf8.count < 200)
    }
}
