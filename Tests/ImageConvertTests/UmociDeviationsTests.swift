import SystemPackage
import TestSupport
import Testing

@testable import ImageConvert

/// Where umoci 0.4 does something else than the specification says, and so than we do.
@Suite(.enabled(if: Requirements.root, "needs root"), .enabled(if: Requirements.has("umoci"), "needs umoci"))
struct UmociDeviationsTests {
    /// What umoci makes of a file, as text; empty when it fails or there is no such file.
    private func umoci(_ file: String, _ layers: [[TarEntry]]) throws -> String {
        try TemporaryDirectory.with("umoci") { path in
            var layout = try LayoutBuilder(path.appending("image"))
            try layout.addImage(layers)
            var command = Command("/bin/sh", ["-ec", "umoci unpack --image image:latest bundle"])
            command.workingDirectory = path
            try command.run()
            return (try? readText(path.appending("bundle/rootfs/\(file)"))) ?? ""
        }
    }

    @Test func `a directory may stand where a file was, without an entry of its own`() throws {
        let layers: [[TarEntry]] = [[.file("a", "old")], [.file("a/b", "new")]]
        // umoci gives up.
        #expect(try umoci("a/b", layers) == "")
        #expect(try tree(layers[0], layers[1]) == ["/a/", "/a/b 3"])
    }
}
