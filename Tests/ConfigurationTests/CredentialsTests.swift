import Configuration
import FetchInterface
import Glibc
import SystemPackage
import Testing

@Suite struct CredentialsTests {
    private func auth(_ members: String) -> String { #"{"rktKind":"auth","rktVersion":"v1",\#(members)}"# }

    private func docker(_ members: String) -> String { #"{"rktKind":"dockerAuth","rktVersion":"v1",\#(members)}"# }

    private let user = #""credentials":{"user":"u","password":"p"}"#

    @Test func `each type of auth becomes what the fetch program is told, for that host only`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/auth.d/a.json", auth(#""domains":["Example.com"],"type":"basic",\#(user)"#))
        try fixture.write(
            "local/auth.d/b.json", auth(#""domains":["o:8443"],"type":"oauth","credentials":{"token":"t"}"#))
        try fixture.write(
            "local/auth.d/c.json",
            auth(
                #""domains":["s3"],"type":"aws","credentials":{"accessKeyID":"i","secretAccessKey":"s","awsRegion":"r"}"#
            ))
        let config = try AuthConfig(from: fixture.directories)

        #expect(
            config.credentials(forHost: "EXAMPLE.com")
                == [HostCredentials(host: "example.com", credentials: .basic(user: "u", password: "p"))])
        #expect(config.credentials(forHost: "o:8443").map(\.credentials) == [.bearer(token: "t")])
        #expect(
            config.credentials(forHost: "s3").map(\.credentials)
                == [.aws(accessKeyID: "i", secretAccessKey: "s", region: "r")])
        for host in ["o", "o:443", "example.com:443", "sub.example.com", "com", ""] {
            #expect(config.credentials(forHost: host).isEmpty, "\(host)")
        }
    }

    @Test func `a registry has credentials, realms or both`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/auth.d/a.json", docker(#""registries":["a"],\#(user)"#))
        try fixture.write("local/auth.d/b.json", docker(#""registries":["b:5000"],"realms":["T:1","u"]"#))
        try fixture.write("local/auth.d/c.json", docker(#""registries":["c"],"realms":["t"],\#(user)"#))
        let config = try DockerAuthConfig(from: fixture.directories)
        let basic = FetchInterface.Credentials.basic(user: "u", password: "p")

        #expect(config.credentials(forRegistry: "A") == (basic, []))
        #expect(config.credentials(forRegistry: "b:5000") == (nil, ["t:1", "u"]))
        #expect(config.credentials(forRegistry: "c") == (basic, ["t"]))
        #expect(config.credentials(forRegistry: "b") == (nil, []))
    }

    @Test func `the realm of Docker Hub is known, also to whoever has credentials there, unless another is configured`()
        throws
    {
        let hub = "registry-1.docker.io"
        #expect(DockerAuthConfig().credentials(forRegistry: hub) == (nil, ["auth.docker.io"]))
        let own = DockerAuthConfig.Credentials(user: "u", password: "p")
        #expect(
            DockerAuthConfig(registries: [hub: .init(credentials: own)]).credentials(forRegistry: hub).tokenHosts
                == ["auth.docker.io"])
        #expect(
            DockerAuthConfig(registries: [hub: .init(credentials: own, realms: ["x"])]).credentials(forRegistry: hub)
                .tokenHosts == ["x"])
    }

    @Test(arguments: [
        (#""registries":[]"#, ConfigError.noRegistries), (#""registries":["a"]"#, .noUser),
        (#""registries":["a"],"realms":[]"#, .noUser),
        (#""registries":["a"],"credentials":{"user":"u"},"realms":["b"]"#, .noPassword),
        (#""registries":["a","a"],"realms":["b"]"#, .registryRepeated("a")),
        (#""registries":["https://a"],"realms":["b"]"#, .badRegistry("https://a")),
        (#""registries":["a"],"realms":["https://b/token"]"#, .badRealm("https://b/token")),
        (#""registries":["a"],"credentials":{"user":"u\n","password":"p"}"#, .controlCharacter),
    ])
    func `bad registries are refused`(members: String, reason: ConfigError) throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/auth.d/a.json", docker(members))
        let text = message { _ = try DockerAuthConfig(from: fixture.directories) }
        #expect(text?.hasSuffix("a.json\": \(reason)") == true, "\(text ?? "")")
    }

    @Test(arguments: ["", "https://e.com", "e.com/x", "u@e.com", "e com", "é.com", ":80", "e.com\\u0000"])
    func `what is no host is refused, since it would never be used`(domain: String) throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/auth.d/a.json", auth(#""domains":["\#(domain)"],"type":"basic",\#(user)"#))
        let text = message { _ = try AuthConfig(from: fixture.directories) }
        #expect(text?.hasSuffix("is not a host name with an optional port") == true, "\(text ?? "")")
    }

    @Test func `secrets that end a header line are refused`() throws {
        let fixture = try ConfigurationFixture()
        let token = #""credentials":{"token":"a\r\nHost: b"}"#
        try fixture.write("local/auth.d/a.json", auth(#""domains":["d"],"type":"oauth",\#(token)"#))
        let text = message { _ = try AuthConfig(from: fixture.directories) }
        #expect(text?.hasSuffix("\(ConfigError.controlCharacter)") == true)
    }

    @Test func `files whose secrets everybody can read are told`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/auth.d/a.json", auth(#""domains":["a"],"type":"basic",\#(user)"#))
        try fixture.write("local/auth.d/b.json", auth(#""domains":["b"],"type":"basic",\#(user)"#))
        try fixture.write("local/auth.d/c.json", docker(#""registries":["a"],\#(user)"#))
        try fixture.write("local/auth.d/d.json", docker(#""registries":["b"],"realms":["c"]"#))
        let directory = fixture.root.appending("local/auth.d")
        chmod(directory.appending("b.json").string, 0o640)

        #expect(try AuthConfig(from: fixture.directories).exposedFiles == [directory.appending("a.json")])
        #expect(try DockerAuthConfig(from: fixture.directories).exposedFiles == [directory.appending("c.json")])
    }
}

@Suite struct LimitsTests {
    private func limits(_ members: String) -> String { #"{"rktKind":"limits","rktVersion":"v1",\#(members)}"# }

    @Test func `each limit comes from the last directory that has it`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("system/limits.d/a.json", limits(#""maximumLayers":5,"stallSeconds":7"#))
        try fixture.write("user/limits.d/a.json", limits(#""stallSeconds":9"#))
        try fixture.write("user/limits.d/b.json", limits(#""maximumRedirects":0"#))
        let config = try LimitsConfig(from: fixture.directories)

        #expect(config.values == [.maximumLayers: 5, .stallSeconds: 9, .maximumRedirects: 0])
    }

    @Test func `a limit twice in one directory is an error`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/limits.d/a.json", limits(#""maximumLayers":5"#))
        try fixture.write("local/limits.d/b.json", limits(#""maximumLayers":5"#))
        let text = message { _ = try LimitsConfig(from: fixture.directories) }
        #expect(text?.hasSuffix("b.json\": limit \"maximumLayers\" is already specified") == true)
    }

    @Test(arguments: [
        (#""maximumLayer":5"#, "unknown limit \"maximumLayer\""),
        (#""maximumLayers":0"#, "limit \"maximumLayers\" must be an integer from 1 to 10000"),
        (#""maximumLayers":10001"#, "limit \"maximumLayers\" must be an integer from 1 to 10000"),
        (#""maximumLayers":-1"#, "limit \"maximumLayers\" must be an integer from 1 to 10000"),
        (#""maximumLayers":1.5"#, "limit \"maximumLayers\" must be an integer from 1 to 10000"),
        (#""maximumLayers":"5""#, "limit \"maximumLayers\" must be an integer from 1 to 10000"),
        (#""maximumLayers":null"#, "limit \"maximumLayers\" must be an integer from 1 to 10000"),
        (
            #""maximumTotalBytes":99999999999999999999"#,
            "limit \"maximumTotalBytes\" must be an integer from 1 to 1125899906842624"
        ),
    ])
    func `a value that is none is refused`(members: String, reason: String) throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/limits.d/a.json", limits(members))
        let file = fixture.root.appending("local/limits.d/a.json")
        #expect(
            message { _ = try LimitsConfig(from: fixture.directories) } == "failed to parse \"\(file)\": \(reason)")
    }
}
