import AppContainer
import FetchInterface
import LinuxSystem

/// Asks the host in an image's name where images and keys are.
///
/// The page of the whole name first, then those of the names above it; https first, and plain http only where that is
/// allowed, and then without credentials.
///
/// Source: appc spec 0.8.11, discovery.md.
struct DiscoveryWalk {
    let client: HTTPClient
    let log: DebugLog
    let credentials: [HostCredentials]

    /// Bytes of a name: each element costs up to two requests.
    private static let maximumNameBytes = 512
    private static let maximumElements = 32

    /// The first page that has what `wanted` finds, and whether it can be relied on.
    func first<Found>(
        _ name: String, labels: [(name: String, value: String)], tag: String, _ wanted: (DiscoveryTags) -> [Found]
    ) throws -> (found: [Found], isAuthenticated: Bool) {
        let elements = name.split(separator: "/", omittingEmptySubsequences: false)
        guard name.utf8.count <= Self.maximumNameBytes, elements.count <= Self.maximumElements,
            (try? ACIdentifier(name)) != nil, elements.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else {
            throw Failure(
                "discovery failed for \"\(printable(name))\"", cause: Failure("this is no name with a host in front"))
        }
        var reason: (any Error)?
        for count in stride(from: elements.count, to: 0, by: -1) {
            let place = elements[..<count].joined(separator: "/")
            do {
                let page = try page(place)
                let tags = DiscoveryTags(metaTags(in: page.body), name: name, labels: labels)
                let found = wanted(tags)
                if !found.isEmpty { return (found, page.isAuthenticated) }
                throw Failure("no '\(tag)' meta tag fits")
            } catch {
                log.line("meta tag '\(tag)' not found on \(place): \(error)")
                // What the host itself says is what the user can do something about.
                reason = error
                if isDeaf(error) { break }
            }
        }
        throw Failure("discovery failed for \"\(name)\"", cause: reason)
    }

    /// Whether the host says nothing at all, so that asking for other pages would only take time.
    private func isDeaf(_ error: any Error) -> Bool {
        switch error as? HTTPError {
        case .connectionTimeout, .stalled, .tooSlow: true
        default: false
        }
    }

    private func page(_ place: String) throws -> HTTPResponse {
        do {
            return try page("https", place, credentials)
        } catch {
            guard client.options.allowsHTTP else { throw error }
            log.line("discovery of \(place) over https failed, trying http: \(error)")
            return try page("http", place, [])
        }
    }

    private func page(_ scheme: String, _ place: String, _ credentials: [HostCredentials]) throws -> HTTPResponse {
        let response = try client.document(HTTPRequest("\(scheme)://\(place)?ac-discovery=1", credentials: credentials))
        guard response.status == 200 else { throw Failure("expected a 200 OK got \(response.status)") }
        return response
    }
}

/// The `discover` job.
func discover(_ request: Discovery, _ client: HTTPClient, _ log: DebugLog) throws -> [Endpoint] {
    let walk = DiscoveryWalk(client: client, log: log, credentials: request.credentials)
    return try walk.first(request.name, labels: request.labels, tag: DiscoveryTags.imageTag, \.endpoints).found
}

/// Lines for whoever asked for them.
struct DebugLog: Sendable {
    let messages: Messages
    let isOn: Bool

    func line(_ text: @autoclosure () -> String) { if isOn { messages.line("image: \(text())") } }
}
