/// The stage1 images that tests run everything with.
package enum Flavor: String, CaseIterable, Sendable, CustomStringConvertible {
    case ns, fly

    package static let all = allCases
    package var description: String { "stage1-\(rawValue)" }

    /// What selects the flavor on the command line; ns is the default.
    package var selection: [String] { self == .ns ? [] : ["--stage1-from-dir=stage1-fly.aci"] }

    /// The network that says least: none, and the host's where there is no other.
    package var network: String { self == .ns ? "--net=none" : "--net=host" }
}
