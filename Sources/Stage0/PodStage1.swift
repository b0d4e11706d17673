import AppContainer
import JSON
import LinuxSystem
import Pods
import Stage1Interface
import SystemPackage

/// A pod's stage1 image, as far as stage0 has to know it: what it speaks, and where its programs are.
///
/// Source: rkt 1.30.0, Documentation/devel/stage1-implementors-guide.md.
struct PodStage1 {
    let interfaceVersion: Int
    private let manifest: ImageManifest

    /// Reads `stage1/manifest` of a pod.
    init(of pod: Pod) throws {
        guard let bytes = try pod.read(Stage1ABI.Path.stage1Manifest.string, limit: 4 << 20) else {
            throw PodError.unreadable(pod.id, file: Stage1ABI.Path.stage1Manifest.string)
        }
        try self.init(explaining("cannot read the manifest of stage1") { try ImageManifest(parsing: bytes) })
    }

    init(_ manifest: ImageManifest) throws {
        self.manifest = manifest
        guard let text = manifest.annotations[Stage1ABI.interfaceVersionAnnotation] else {
            interfaceVersion = Stage1ABI.defaultInterfaceVersion
            return
        }
        guard let version = Int(text), version >= 1 else { throw Stage1ImageError.badInterfaceVersion(text) }
        interfaceVersion = version
    }

    /// Where a program of the image is, below the image's root and without a leading slash.
    ///
    /// Throws ``Stage1ImageError/noEntryPoint(_:)``.
    func path(of entryPoint: Stage1ABI.EntryPoint) throws -> FilePath {
        guard let text = manifest.annotations[entryPoint.annotation] else {
            throw Stage1ImageError.noEntryPoint(entryPoint.annotation)
        }
        let path = cleanedPath(text).dropFirst()
        guard !path.isEmpty else { throw Stage1ImageError.noEntryPoint(entryPoint.annotation) }
        return FilePath(String(path))
    }

    /// Whether the image has a program for this.
    func has(_ entryPoint: Stage1ABI.EntryPoint) -> Bool { (try? path(of: entryPoint)) != nil }  // it throws only then

    /// Whether apps can come and go in a pod of this image.
    ///
    /// Source: rkt 1.30.0, stage0/common.go.
    var supportsMutablePods: Bool {
        interfaceVersion >= AppArguments.version
            && [Stage1ABI.EntryPoint.appAdd, .appStart, .appStop, .appRemove].allSatisfy(has)
    }

    /// Checks that the programs are there which every image must have.
    static func checkEntryPoints(_ manifest: ImageManifest) throws {
        let stage1 = try PodStage1(manifest)
        for entryPoint in [Stage1ABI.EntryPoint.run, .enter, .gc] { _ = try stage1.path(of: entryPoint) }
    }
}
