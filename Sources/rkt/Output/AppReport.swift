import AppContainer
import JSON
import LinuxSystem
import Pods

/// What `list`, `status`, `app list` and `app status` show of one app of a pod.
///
/// Source: rkt 1.30.0, lib/types.go and lib/app.go.
struct AppReport {
    struct Mount {
        let volume: String
        /// On the host; empty for a volume of the pod.
        let source: String
        let target: String
        let isReadOnly: Bool
    }

    let name: String
    let image: String
    let status: AppStatus
    let mounts: [Mount]
    let userAnnotations: [(name: String, value: String)]
    let userLabels: [(name: String, value: String)]

    init(_ app: RuntimeApp, _ status: AppStatus, of manifest: PodManifest) {
        name = app.name.rawValue
        image = "\(app.image.id)"
        self.status = status
        mounts = app.mounts.map { mount in
            let volume = mount.appVolume ?? manifest.volumes.first { $0.name == mount.volume }
            var source = ""
            if case .host(let path) = volume?.kind { source = path }
            return Mount(
                volume: mount.volume.rawValue, source: source, target: mount.path,
                isReadOnly: volume?.readOnly ?? false)
        }
        userAnnotations = Self.sorted(app.app?.userAnnotations)
        userLabels = Self.sorted(app.app?.userLabels)
    }

    private static func sorted(_ words: StringMap?) -> [(name: String, value: String)] {
        (words?.entries ?? []).map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }

    /// Times in nanoseconds since 1970; empty members are left out.
    var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["state"] = .string(status.state.rawValue)
        object.set("created_at", ifPresent: status.created)
        object.set("started_at", ifPresent: status.started)
        object.set("finished_at", ifPresent: status.finished)
        if let code = status.exitStatus { object["exit_code"] = .number(JSONNumber(code)) }
        object["image_id"] = .string(image)
        object.set("mounts", unlessEmpty: mounts.map(json(of:)))
        for (key, words) in [("user_annotations", userAnnotations), ("user_labels", userLabels)] where !words.isEmpty {
            var members = JSONObject()
            for (name, value) in words { members[name] = .string(value) }
            object[key] = .object(members)
        }
        return .object(object)
    }

    private func json(of mount: Mount) -> JSONValue {
        var object = JSONObject()
        object["name"] = .string(mount.volume)
        object["container_path"] = .string(mount.target)
        object["host_path"] = .string(mount.source)
        object["read_only"] = .bool(mount.isReadOnly)
        return .object(object)
    }
}
