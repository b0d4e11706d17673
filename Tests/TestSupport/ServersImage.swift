package import SystemPackage
import Testing

/// Servers, their clients and a compiler from Debian's packages as an image, made once and kept between runs.
///
/// PostgreSQL, nginx, redis, OpenSSH, git, gcc and make, set up by the packages themselves; and a user `visitor` with a
/// shell. Without documentation, and without the libraries that only PostgreSQL's compiler of queries needs.
package enum ServersImage {
    package static func path() throws -> FilePath {
        let image = Programs.cacheDirectory.appending("servers-1.aci")
        if exists(image) { return image }
        try makeDirectories(Programs.cacheDirectory)
        let work = try TemporaryDirectory("servers")
        let layout = work.path.appending("layout")
        try makeDirectories(layout)
        let manifest = ACIBuilder(name: "example.com/servers").label("version", "12").app(exec: ["/bin/bash"])
            .manifestText
        try writeText(manifest, to: layout.appending("manifest"))
        var bootstrap = Command(
            try Programs.find("unshare"),
            [
                // It mounts into the tree while it works.
                "--mount", "--propagation", "private", try Programs.find("mmdebstrap").string,
                "--variant=essential", "--mode=root", "--include=\(packages)",
                "--customize-hook=chroot \"$1\" useradd --create-home --shell /bin/bash visitor",
            ] + leftOut.map { "--dpkgopt=path-exclude=/usr/\($0)*" }
                + ["bookworm", layout.appending("rootfs").string])
        bootstrap.environment = Command.environmentWithProxies
        bootstrap.timeLimit = .seconds(900)
        try bootstrap.run().succeeded()
        let partial = "\(image).partial-\(work.path.lastComponent?.string ?? "")"
        try shell(
            "tar -C \"$1\" --numeric-owner --xattrs -I 'zstd -1 -T0' -cf \"$2\" manifest rootfs && mv \"$2\" \"$3\"",
            [layout.string, partial, image.string], limit: .seconds(300))
        return image
    }

    private static let packages =
        "postgresql-15,nginx-light,redis-server,openssh-server,openssh-client,curl,procps,git,gcc,libc6-dev,make"

    private static let leftOut = [
        "share/man/", "share/doc/", "share/locale/", "share/i18n/", "lib/*/libLLVM", "lib/*/libz3", "lib/*/lib?san.so",
        "lib/gcc/*/lto", "lib/gcc/*/lib?san", "bin/*-lto-dump",
    ]
}
