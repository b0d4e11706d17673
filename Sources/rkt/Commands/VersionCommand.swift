/// `rkt version`.
let versionCommand = Command(
    name: "version",
    summary: "Print the version and exit",
    run: { context in
        context.print(
            """
            rkt Version: \(Version.rkt)
            appc Version: \(Version.appc)
            Swift Version: \(Version.swift)
            Swift OS/Arch: linux/\(Version.architecture)
            Features: -TPM -SDJOURNAL
            """)
    })
