package import SystemPackage
import Testing

/// A Debian root file system as an image, made once and kept between runs.
package enum DebianImage {
    package static func path() throws -> FilePath {
        let image = Programs.cacheDirectory.appending("debian-1.aci")
        if exists(image) { return image }
        try makeDirectories(Programs.cacheDirectory)
        let work = try TemporaryDirectory("debian")
        let layout = work.path.appending("layout")
        try makeDirectories(layout)
        var bootstrap = Command(
            try Programs.find("unshare"),
            [
                // It mounts into the tree while it works.
                "--mount", "--propagation", "private", try Programs.find("mmdebstrap").string,
                "--variant=apt", "--mode=root",
                "--include=python3-minimal,libpython3-stdlib,perl-base,redis-server,procps",
                "--dpkgopt=path-exclude=/usr/share/man/*", "bookworm", layout.appending("rootfs").string,
            ])
        bootstrap.environment = Command.environmentWithProxies
        bootstrap.timeLimit = .seconds(900)
        try bootstrap.run().succeeded()
        let manifest = ACIBuilder(name: "example.com/debian").label("version", "12").app(exec: ["/bin/bash"])
            .manifestText
        try writeText(manifest, to: layout.appending("manifest"))
        let partial = "\(image).partial-\(work.path.lastComponent?.string ?? "")"
        var pack = Command(
            "/bin/tar", ["-C", layout.string, "--numeric-owner", "--xattrs", "-czf", partial, "manifest", "rootfs"])
        pack.timeLimit = .seconds(300)
        try pack.run().succeeded()
        try Command("/bin/mv", [partial, image.string]).run().succeeded()
        return image
    }
}
