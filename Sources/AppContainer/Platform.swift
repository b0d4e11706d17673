/// Which operating systems and architectures an image may be for.
///
/// Source: appc spec 0.8.11, aci.md, labels "os" and "arch"; rkt 1.30.0, stage0 for what can run.
package enum Platform {
    package typealias Table = [(os: String, architectures: [String])]

    /// What a valid manifest may say.
    package static let known: Table = [
        ("darwin", ["x86_64", "i386"]),
        ("freebsd", ["amd64", "i386", "arm"]),
        (
            "linux",
            [
                "amd64", "i386", "aarch64", "aarch64_be", "armv6l", "armv7l", "armv7b", "ppc64", "ppc64le", "s390x",
            ]
        ),
    ]

    /// What a pod can run.
    package static let runnable: Table = [
        ("linux", ["amd64", "i386", "aarch64", "aarch64_be", "armv6l", "armv7l", "armv7b", "ppc64le"])
    ]

    /// The machine this was built for, as the label `arch` has it.
    package static var hostArchitecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "aarch64"
        #elseif arch(i386)
            "i386"
        #elseif arch(arm)
            "armv7l"
        #elseif arch(powerpc64le)
            "ppc64le"
        #elseif arch(powerpc64)
            "ppc64"
        #elseif arch(s390x)
            "s390x"
        #endif
    }

    /// Accepts labels without `os`, and with it without `arch`.
    static func check(_ labels: Labels, against table: Table) throws(ManifestError) {
        guard let os = labels["os"] else { return }
        guard let entry = table.first(where: { $0.os == os }) else { throw .badOS(os, allowed: table.map(\.os)) }
        if let architecture = labels["arch"], !entry.architectures.contains(architecture) {
            throw .badArchitecture(architecture, os: os, allowed: entry.architectures)
        }
    }
}
