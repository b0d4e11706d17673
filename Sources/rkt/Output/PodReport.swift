import AppContainer
import JSON
import LinuxSystem
import Pods

/// What `list` and `status` show of one pod.
struct PodReport {
    let pod: Pod
    let apps: [ListedApp]
    /// Only for the JSON form, which shows more of it: decoding all of it is most of what a long list costs.
    let manifest: PodManifest?
    let created: Int64?
    let started: Int64?
    /// The entries of the pod's `net-info.json`.
    let networks: [JSONValue]

    /// Reads what is there; a pod that is not prepared yet has no manifest.
    ///
    /// `report` is called for what should be there and cannot be read.
    init(_ pod: Pod, for format: OutputFormat, report: (any Error) -> Void) {
        func attempt<Result>(_ body: () throws -> Result?) -> Result? {
            do {
                return try body()
            } catch {
                report(error)
                return nil
            }
        }
        self.pod = pod
        let hasManifest =
            switch pod.state {
            case .embryo, .preparing, .abortedPrepare: false
            case .prepared, .running, .deleting, .exitedDeleting, .exited, .exitedGarbage, .garbage: true
            }
        // While a pod is prepared, its manifest may not have been written.
        let json = hasManifest ? attempt { try pod.manifestJSON() } : try? pod.manifestJSON()
        apps = json.flatMap { json in attempt { try pod.apps(in: json) } } ?? []
        manifest =
            format == .table
            ? nil : json.flatMap { json in attempt { try pod.explainingManifest { try PodManifest(json: json) } } }
        created = attempt { try pod.creationTime() }
        started = attempt { try pod.startTime() }
        networks = pod.state == .running || pod.state.isAfterRun ? attempt { try pod.networkInformation() } ?? [] : []
    }

    /// `default:ip4=172.16.28.7, other:ip4=10.1.0.3`.
    var networkText: String {
        networks.map { "\($0["netName"]?.string ?? ""):ip4=\($0["ip"]?.string ?? "")" }.joined(separator: ", ")
    }

    /// The words for an app's image: name and version.
    func imageName(of app: ListedApp) -> String {
        if let name = app.image.name { return nameText(name, app.image.labels) }
        guard let image = try? pod.imageManifest(of: app.name) else { return "--" }  // as the original shows it
        return nameText(image.name, image.labels)
    }

    private func nameText(_ name: ACIdentifier, _ labels: Labels) -> String {
        labels["version"].map { "\(name):\($0)" } ?? "\(name)"
    }
}

/// What a list shows of an app.
struct ListedApp {
    let name: ACName
    let image: RuntimeImage
}

extension Pod {
    fileprivate func manifestJSON() throws -> JSONValue {
        let bytes = try manifestBytes()
        return try explainingManifest { try JSONValue(parsing: bytes) }
    }

    fileprivate func apps(in manifest: JSONValue) throws -> [ListedApp] {
        try explainingManifest {
            let path = JSONPath.root.member("apps")
            return try (manifest["apps"]?.array ?? []).enumerated().map { index, json in
                let fields = try JSONFields(json, at: path.element(index))
                return ListedApp(name: try fields.required("name"), image: try fields.required("image"))
            }
        }
    }

    fileprivate func explainingManifest<Result>(_ body: () throws -> Result) throws(Failure) -> Result {
        try explaining("cannot read the manifest of pod \"\(id)\"", body)
    }

    /// What stage1 wrote down about the pod's networks; nothing for the host's.
    func networkInformation() throws -> [JSONValue] {
        guard let bytes = try read("net-info.json", limit: 1 << 20) else { return [] }
        return try explaining("cannot read the networks of pod \"\(id)\"") { try JSONValue(parsing: bytes).array ?? [] }
    }
}

/// The JSON form, as the original's `lib` package gives it: times of pods in seconds, of apps in nanoseconds since 1970,
/// empty members left out.
///
/// Source: rkt 1.30.0, lib/types.go.
extension PodReport {
    var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string("\(pod.id)")
        object["state"] = .string(pod.state.rawValue)
        object.set("networks", unlessEmpty: networks)
        let apps = (try? appReports()) ?? []  // who asks for one app gets the error
        object.set("app_names", unlessEmpty: apps.map(\.name))
        object.set("apps", unlessEmpty: apps.map(\.json))
        object.set("created_at", ifPresent: created.map { $0 / 1_000_000_000 })
        object.set("started_at", ifPresent: started.map { $0 / 1_000_000_000 })
        if let annotations = manifest?.userAnnotations, !annotations.isEmpty {
            object["user_annotations"] = annotations.json
        }
        if let labels = manifest?.userLabels, !labels.isEmpty { object["user_labels"] = labels.json }
        return .object(object)
    }

    /// The apps of the pod; none while it has no manifest.
    func appReports() throws -> [AppReport] {
        guard let manifest else { return [] }
        let isMutable = try manifest.isMutable()
        return try manifest.apps.map { app in
            AppReport(app, try pod.status(of: app.name, isMutable: isMutable), of: manifest)
        }
    }
}
