import Stage0
import Testing

@testable import rkt

@Suite struct NameFlagsTests {
    private func files(_ words: String...) throws -> NameFiles { try parseRun(words + ["img"]).names.nameFiles() }

    @Test func `nothing said leaves everything as it is`() throws { #expect(try files() == NameFiles()) }

    @Test func `servers, searches and options come together in one file`() throws {
        var expected = DNSConfiguration()
        expected.servers = ["8.8.8.8", "fe80::1", "1.1.1.1"]
        expected.searchDomains = ["a.local", "b.local"]
        expected.options = ["ndots:2"]
        expected.domain = "c.local"
        let files = try files(
            "--dns=8.8.8.8,fe80::1", "--dns", "1.1.1.1", "--dns-search=a.local", "--dns-search=b.local",
            "--dns-opt=ndots:2", "--dns-domain=c.local")
        #expect(files.resolvConf == .written(expected))
        #expect(files.hosts == .standard)
    }

    @Test func `one word each stands for the host's file and for the image's`() throws {
        #expect(try files("--dns=host").resolvConf == .host)
        #expect(try files("--dns=none").resolvConf == .none)
        #expect(try files("--hosts-entry=host").hosts == .host)
    }

    @Test func `entries for one address gather in one line`() throws {
        let files = try files("--hosts-entry=1.2.3.4=a,::1=b", "--hosts-entry=1.2.3.4=c")
        #expect(
            files.hosts
                == .entries([
                    HostsEntry(address: "1.2.3.4", names: ["a", "c"]), HostsEntry(address: "::1", names: ["b"]),
                ]))
    }

    @Test(arguments: [
        (["--dns=host", "--dns=8.8.8.8"], "no other --dns options allowed when --dns=host is passed"),
        (["--dns=8.8.8.8,none"], "no other --dns options allowed when --dns=none is passed"),
        (["--dns=8.8.8"], "Invalid IP passed to --dns: 8.8.8"),
        (["--dns="], "Invalid IP passed to --dns: "),
        (["--dns=8.8.8.8,"], "Invalid IP passed to --dns: "),
        (["--dns=8.8.8.8\nnameserver 6.6.6.6"], "Invalid IP passed to --dns: 8.8.8.8\nnameserver 6.6.6.6"),
        (["--dns=host", "--dns-opt=x"], "Cannot call --dns-opt, --dns-search, or --dns-domain with --dns=host"),
        (["--dns-search=a", "--dns=none"], "Cannot call --dns-opt, --dns-search, or --dns-domain with --dns=none"),
        (["--hosts-entry=host,1.2.3.4=a"], "cannot pass --hosts-entry=host with multiple hosts-entries"),
        (["--hosts-entry=host", "--hosts-entry=host"], "cannot pass --hosts-entry=host with multiple hosts-entries"),
        (["--hosts-entry=1.2.3.4"], "Did not understand --hosts-entry 1.2.3.4"),
        (["--hosts-entry=1.2.3.4=a=b"], "Did not understand --hosts-entry 1.2.3.4=a=b"),
        (["--hosts-entry=1.2.3.4=a b"], "Did not understand --hosts-entry 1.2.3.4=a b"),
        (["--hosts-entry=1.2.3.4="], "Did not understand --hosts-entry 1.2.3.4="),
        (["--hosts-entry=a=1.2.3.4"], "Invalid IP passed to --hosts-entry: a"),
    ])
    func `mistakes are named`(words: [String], sentence: String) throws {
        let options = try parseRun(words + ["img"])
        #expect(message { _ = try options.names.nameFiles() } == sentence)
    }

    @Test func `a word with a blank is not one of resolv.conf`() {
        for flag in ["--dns-search", "--dns-opt", "--dns-domain"] {
            #expect(message { _ = try parseRun(["\(flag)=a b", "img"]) }?.hasSuffix(" is not one word") == true)
        }
        #expect(message { _ = try parseRun(["--hostname=a b", "img"]) }?.contains("1 to 64") == true)
    }

    @Test func `group numbers are exact or refused`() throws {
        #expect(
            try parseRun(["img", "--supplementary-gids=0,4294967294"]).apps.apps[0].supplementaryGIDs == [
                0, 4_294_967_294,
            ])
        for text in ["+0", "-1", "4294967295", "4294967296", "", "1,,2", " 1", "0x1"] {
            let sentence = message { _ = try parseRun(["img", "--supplementary-gids=\(text)"]) }
            #expect(sentence?.hasSuffix("--supplementary-gids must be integers") == true, "\(text)")
        }
    }
}
