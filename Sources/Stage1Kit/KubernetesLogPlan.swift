package import AppContainer
import LinuxSystem
import Stage1Interface
package import SystemPackage

/// A file of the host to which everything that an app writes goes as well, for those who run pods for Kubernetes.
///
/// Two annotations of the pod ask for it and one of the app; those of images do not count.
///
/// Source: rkt 1.30.0, stage1/iottymux/iottymux.go and stage1/init/common/units.go, "k8s-plain".
package struct KubernetesLogPlan: Equatable, Sendable {
    private static let prefix = "coreos.com/rkt/experiment/"
    private static let mode = "k8s-plain"

    package let directory: FilePath
    /// Below ``directory``; without `..`.
    package let path: String

    /// What the manifest asks for; `nil` when that is nothing.
    package init?(_ app: PreparedApp, of pod: PodManifest) throws {
        guard let mode = pod.annotations["\(Self.prefix)logmode"] else { return nil }
        guard mode == Self.mode else {
            throw Failure("annotation \(Self.prefix)logmode says '\(mode)'; use \(Self.mode)")
        }
        guard let path = app.runtime.annotations["\(Self.prefix)kubernetes-log-path"] else {
            throw Failure(
                "kubernetes-log-path annotation needs to be specified when \(Self.mode) logging mode is used")
        }
        let directory = pod.annotations["\(Self.prefix)kubernetes-log-dir"]
        if let directory, !directory.hasPrefix("/") {
            throw Failure("annotation \(Self.prefix)kubernetes-log-dir says '\(directory)', which is no absolute path")
        }
        let names = path.split(separator: "/")
        guard !names.isEmpty, !names.contains("..") else {
            throw Failure("log path '\(path)' is not inside the pod's directory for logs, refusing path traversal")
        }
        self.directory =
            directory.map { FilePath($0) } ?? Stage1ABI.Path.stage1Root.appending("rkt/kubernetes/log")
        self.path = names.joined(separator: "/")
    }
}
