import LinuxSystem
package import SystemPackage

/// The version of rkt; its own stage1 images have the same.
package let rktVersion = "2.0.0"

/// Where stage1 images are that came with rkt, and which of them starts a pod when nobody asks for another.
package struct Stage1Locations: Equatable, Sendable {
    package var directories: [FilePath]
    /// The image's name, and its version.
    package var standardName = "\(Stage1Locations.namePrefix)ns"
    package var standardVersion = rktVersion
    /// The file of the standard image; found in ``directories`` by the flavor when nil.
    package var standardFile: FilePath?
    /// Where the standard image is to be had if not in a file; it counts before the others.
    package var standardURL: String?

    static let namePrefix = "coreos.com/rkt/stage1-"

    package init(directories: [FilePath]) { self.directories = directories }

    /// Where `make install` puts them, as seen from the running program; else beside it.
    ///
    /// `configured`: a directory from the configuration, looked at first.
    package init(configured: FilePath? = nil) throws {
        let beside = try runningProgram().removingLastComponent()
        let prefix = beside.removingLastComponent()
        let own = [
            prefix.appending("lib/rkt/stage1-images"), prefix.appending("libexec/rkt/stage1-images"),
            prefix.appending("libexec/rkt"), beside,
        ]
        directories = (configured.map { [$0] } ?? []) + own
    }

    /// The file of a flavor's image, such as `stage1-ns.aci`; nil when no directory has it.
    func file(named name: String) -> FilePath? {
        directories.map { $0.appending(name) }.first { exists($0) }
    }

    /// The file that holds the image of this name, if it is one of ours.
    func file(ofImage name: String) -> FilePath? {
        guard name.hasPrefix(Self.namePrefix) else { return nil }
        let flavor = name.dropFirst(Self.namePrefix.count)
        guard !flavor.isEmpty, !flavor.contains("/") else { return nil }
        return file(named: "stage1-\(flavor).aci")
    }

    /// Whether a file is in one of the directories.
    func contain(_ file: FilePath) -> Bool {
        guard let directory = try? realPath(file.removingLastComponent()) else { return false }  // it is nowhere then
        return directories.contains { (try? realPath($0)) == directory }  // a directory that is not there has no files
    }
}
