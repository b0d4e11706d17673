package import SystemPackage

/// Which stage1 image is to start a pod.
package enum Stage1Choice: Equatable, Sendable {
    /// The one that came with rkt, or that the configuration names.
    case standard
    /// By name, such as `coreos.com/rkt/stage1-fly:2.0.0`.
    case name(String)
    case path(FilePath)
    /// The name of a file in the directory of stage1 images.
    case fromDirectory(String)
    case hash(String)
    case url(String)
}

/// Why a stage1 image cannot be had.
package enum Stage1ImageError: Error, Equatable, CustomStringConvertible {
    case notInDirectories(String, [FilePath])
    case notAName(String)
    case notAURL(String)
    case noEntryPoint(String)
    case badInterfaceVersion(String)

    package var description: String {
        switch self {
        case .notInDirectories(let name, let directories):
            "no stage1 image '\(name)' in \(directories.map { "'\($0)'" }.joined(separator: ", "));"
                + " use --stage1-{path,url,name,hash,from-dir}"
        case .notAName(let text): "'\(text)' is no name of an image"
        case .notAURL(let text): "'\(text)' is no URL of an image"
        case .badInterfaceVersion(let text): "stage1 image has the interface version '\(text)', which is no number"
        case .noEntryPoint(let annotation): "stage1 image has no entry point: annotation '\(annotation)' is missing"
        }
    }
}
