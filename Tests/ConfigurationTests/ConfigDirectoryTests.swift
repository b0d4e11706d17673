import Configuration
import Glibc
import LinuxSystem
import SystemPackage
import Testing

@Suite struct ConfigDirectoryTests {
    @Test func `missing directories are an empty configuration`() throws {
        let fixture = try ConfigurationFixture()
        #expect(try PathsConfig(from: fixture.directories) == PathsConfig())
        #expect(try Stage1Config(from: fixture.directories) == Stage1Config())
    }

    @Test func `a file where a directory should be is refused`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/paths.d", "")
        let place = fixture.root.appending("local/paths.d")
        #expect(message { _ = try PathsConfig(from: fixture.directories) } == "expected \"\(place)\" to be a directory")
    }

    @Test func `only regular files called json count`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/paths.d/notes.txt", "not JSON")
        try fixture.write("local/paths.d/sub.json/inner.json", "not JSON")
        try fixture.write("elsewhere", "not JSON")
        symlink(fixture.root.appending("elsewhere").string, fixture.root.appending("local/paths.d/link.json").string)
        #expect(try PathsConfig(from: fixture.directories) == PathsConfig())
    }

    @Test(arguments: [
        ("{}", "no rktKind specified in \"FILE\""),
        (#"{"rktKind":"paths"}"#, "no rktVersion specified in \"FILE\""),
        (
            #"{"rktKind":"auth","rktVersion":"v1"}"#,
            "the configuration directory \"DIRECTORY\" expects to have configuration files of kinds \"paths\", but "
                + "\"a.json\" has kind of \"auth\""
        ),
        (
            #"{"rktKind":"paths","rktVersion":"v2"}"#,
            "no parser available for configuration of kind \"paths\" and version \"v2\""
        ),
        (#"{"rktKind":"paths","rktVersion":"v1","data":"var"}"#, "data directory must be an absolute path"),
        (
            #"{"rktKind":"paths","rktVersion":"v1","stage1-images":"x"}"#,
            "stage1 images directory must be an absolute path"
        ),
        (#"{"rktKind":"paths","rktVersion":"v1","data":1}"#, "data: must be a string, not a number"),
    ])
    func `a bad file is named with the reason`(text: String, reason: String) throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("local/paths.d/a.json", text)
        let file = fixture.root.appending("local/paths.d/a.json").string
        let expected = reason.replacing("FILE", with: file)
            .replacing("DIRECTORY", with: fixture.root.appending("local/paths.d").string)
        #expect(
            message { _ = try PathsConfig(from: fixture.directories) } == "failed to parse \"\(file)\": \(expected)")
    }
}
