import Configuration
import JSON
import SystemPackage
import Testing

@Suite struct MergingTests {
    private func auth(_ domains: String, token: String) -> String {
        #"{"rktKind":"auth","rktVersion":"v1","domains":[\#(domains)],"type":"oauth","credentials":{"token":"\#(token)"}}"#
    }

    private func stage1(_ members: String) -> String { #"{"rktKind":"stage1","rktVersion":"v1",\#(members)}"# }

    @Test func `a later directory replaces single settings`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write(
            "system/paths.d/a.json", #"{"rktKind":"paths","rktVersion":"v1","data":"/a","stage1-images":"/b"}"#)
        try fixture.write("user/paths.d/z.json", #"{"rktKind":"paths","rktVersion":"v1","data":"/c"}"#)
        #expect(try PathsConfig(from: fixture.directories) == PathsConfig(data: "/c", stage1Images: "/b"))
    }

    @Test func `a setting twice in one directory is an error`() throws {
        let fixture = try ConfigurationFixture()
        for name in ["a", "b"] {
            try fixture.write(
                "local/paths.d/\(name).json", #"{"rktKind":"paths","rktVersion":"v1","data":"/\#(name)"}"#)
        }
        let text = message { _ = try PathsConfig(from: fixture.directories) }
        #expect(text?.hasSuffix("b.json\": data directory is already specified") == true)
    }

    @Test func `name and version of stage1 merge as a pair, location by itself`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("system/stage1.d/a.json", stage1(#""name":"e.com/a","version":"1","location":"/a.aci""#))
        try fixture.write("local/stage1.d/a.json", stage1(#""location":"https://e.com/b.aci""#))
        #expect(
            try Stage1Config(from: fixture.directories)
                == Stage1Config(image: .init(name: "e.com/a", version: "1"), location: "https://e.com/b.aci"))
    }

    @Test(arguments: [
        (#""name":"e.com/a""#, ConfigError.stage1WithoutVersion),
        (#""version":"1""#, .stage1WithoutName),
        (#""location":"images/a.aci""#, .stage1LocationRelative),
        (#""location":"ftp://e.com/a.aci""#, .stage1LocationScheme("ftp")),
    ])
    func `a half stage1 is refused`(members: String, reason: ConfigError) throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/stage1.d/a.json", stage1(members))
        let text = message { _ = try Stage1Config(from: fixture.directories) }
        #expect(text?.hasSuffix("\(reason)") == true)
    }

    @Test func `a local domain replaces only that domain`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("system/auth.d/a.json", auth(#""one","two:8443""#, token: "old"))
        try fixture.write("local/auth.d/a.json", auth(#""one""#, token: "new"))
        #expect(
            try AuthConfig(from: fixture.directories).credentials
                == ["one": .oauth(token: "new"), "two:8443": .oauth(token: "old")])
    }

    @Test func `one domain twice in a directory is an error`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/auth.d/a.json", auth(#""one","one""#, token: "x"))
        let text = message { _ = try AuthConfig(from: fixture.directories) }
        #expect(text?.hasSuffix("auth for domain \"one\" is already specified") == true)
    }

    @Test(arguments: [
        (#""type":"basic","credentials":{"user":"u","password":"p"}"#, ConfigError.noDomains),
        (#""domains":["d"],"credentials":{"user":"u","password":"p"}"#, .noAuthType),
        (#""domains":["d"],"type":"magic""#, .unknownAuthType("magic")),
        (#""domains":["d"],"type":"basic""#, .noUser),
        (#""domains":["d"],"type":"basic","credentials":{"user":"u"}"#, .noPassword),
        (#""domains":["d"],"type":"oauth","credentials":{}"#, .noToken),
        (#""domains":["d"],"type":"aws","credentials":{}"#, .noAccessKey),
        (#""domains":["d"],"type":"aws","credentials":{"accessKeyID":"i"}"#, .noSecretAccessKey),
    ])
    func `incomplete credentials are refused`(members: String, reason: ConfigError) throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/auth.d/a.json", #"{"rktKind":"auth","rktVersion":"v1",\#(members)}"#)
        let text = message { _ = try AuthConfig(from: fixture.directories) }
        #expect(text?.hasSuffix(": \(reason)") == true)
    }

    @Test func `auth and dockerAuth share a directory and are shown one entry per domain and registry`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/auth.d/a.json", auth(#""one","two""#, token: "t"))
        try fixture.write(
            "local/auth.d/b.json",
            #"{"rktKind":"dockerAuth","rktVersion":"v1","registries":["q"],"credentials":{"user":"u","password":"p"}}"#)
        try fixture.write(
            "local/auth.d/c.json", #"{"rktKind":"dockerAuth","rktVersion":"v1","registries":["open"],"realms":["t:1"]}"#
        )
        try fixture.write("local/limits.d/a.json", #"{"rktKind":"limits","rktVersion":"v1","stallSeconds":5}"#)
        let config = ConfigJSON(
            auth: try AuthConfig(from: fixture.directories),
            dockerAuth: try DockerAuthConfig(from: fixture.directories),
            paths: try PathsConfig(from: fixture.directories), stage1: try Stage1Config(from: fixture.directories),
            limits: try LimitsConfig(from: fixture.directories))
        let expected = try JSONValue(
            parsing: #"""
                {"stage0":[
                {"rktVersion":"v1","rktKind":"auth","domains":["one"],"type":"oauth","credentials":{"token":"t"}},
                {"rktVersion":"v1","rktKind":"auth","domains":["two"],"type":"oauth","credentials":{"token":"t"}},
                {"rktVersion":"v1","rktKind":"dockerAuth","registries":["open"],"realms":["t:1"]},
                {"rktVersion":"v1","rktKind":"dockerAuth","registries":["q"],"credentials":{"user":"u","password":"p"}},
                {"rktVersion":"v1","rktKind":"paths","data":"","stage1-images":""},
                {"rktVersion":"v1","rktKind":"stage1","name":"","version":"","location":""},
                {"rktVersion":"v1","rktKind":"limits","stallSeconds":5}]}
                """#)
        #expect(config.json == expected)
    }
}
