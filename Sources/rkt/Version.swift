import Stage0

/// What this is, for `rkt version` and the help.
enum Version {
    static var rkt: String { rktVersion }
    /// The appc specification that images and pods follow.
    static let appc = "0.8.11"

    /// The language this was built with, to the minor version, which is all the compiler tells.
    static var swift: String {
        #if compiler(>=6.5)
            "6.5 or later"
        #elseif compiler(>=6.4)
            "6.4"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    /// In Go's words, as in the label `arch` of images.
    static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }
}
