package import AppContainer
import JSON
import LinuxSystem

/// The manifest of a pod while this process alone may change it: under the lock on `pod.lck`, which goes with it.
///
/// Source: rkt 1.30.0, pkg/pod/sandbox.go.
package struct ManifestEdit: ~Copyable {
    package let manifest: PodManifest
    private let pod: Pod
    private let lock: Descriptor

    /// Waits until nobody else changes the manifest, and reads it.
    package init(_ pod: Pod) throws {
        let file = try explaining("failed to lock pod manifest") {
            let file = try pod.descriptor.open(PodFile.manifestLock, [.readWrite, .create], mode: 0o600)
            try file.lock(.exclusive)
            return file
        }
        let manifest = try pod.manifest()
        self.manifest = manifest
        self.pod = pod
        lock = file
    }

    /// Puts another manifest in place of the one there is; whoever reads it sees the old or the new one.
    package borrowing func save(_ manifest: PodManifest) throws {
        try explaining("cannot write the pod manifest") {
            try pod.descriptor.writeFile(
                Array((manifest.json.serialized() + "\n").utf8), name: PodFile.manifest, mode: 0o640, durable: false)
        }
    }
}

extension PodManifest {
    /// Whether apps can be added to the pod and removed from it while it runs.
    package func isMutable() throws -> Bool {
        if let hasMutableApps { return hasMutableApps }
        let text = annotations["coreos.com/rkt/stage1/mutable"] ?? ""
        throw Failure("error parsing mutable annotation: '\(text)' is no truth value")
    }
}
