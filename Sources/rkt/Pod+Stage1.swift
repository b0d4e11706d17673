import AppContainer
import JSON
import LinuxSystem
import Pods
import Stage1Interface
import SystemPackage

extension Pod {
    /// The name of the stage1 image that the pod was prepared with.
    func stage1Name() throws -> String {
        let file = Stage1ABI.Path.stage1Manifest.string
        guard let bytes = try read(file, limit: 4 << 20) else { throw PodError.unreadable(id, file: file) }
        let manifest = try explaining("cannot read the manifest of stage1") { try JSONValue(parsing: bytes) }
        return manifest["name"]?.string ?? ""
    }
}
