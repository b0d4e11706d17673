package import AppContainer
package import Stage1Interface
package import SystemPackage

/// An image that is to be an app, and what its user wants otherwise than its image.
package struct AppOptions: Sendable {
    package var image: ImageReference
    /// Where the user has the image's signature.
    package var signature: FilePath?
    /// The app's name; made from the image's name when nil.
    package var name: String?
    /// Replaces the image's command, arguments included.
    package var exec: String?
    /// Come after the command's own arguments.
    package var arguments: [String] = []
    /// Whether they replace the command's own arguments instead.
    package var replacesArguments = false
    package var workingDirectory: String?
    package var user: String?
    package var group: String?
    package var supplementaryGIDs: [UInt32]?
    package var readOnlyRootFS: Bool?
    package var mounts: [Mount] = []
    package var environment: [(name: String, value: String)] = []
    package var annotations: [(name: String, value: String)] = []
    /// Replace all of the image's where there are any.
    package var userAnnotations: [(name: String, value: String)] = []
    package var userLabels: [(name: String, value: String)] = []
    package var memory: Quantity?
    package var cpu: Quantity?
    package var cpuShares: UInt64?
    /// How many processes and threads there may be.
    package var pids: Quantity?
    /// Each name once.
    package var rlimits: [ProcessLimit] = []
    package var oomScoreAdjust: Int32?
    package var retainedCapabilities: [String]?
    package var removedCapabilities: [String]?
    package var ambientCapabilities: [String]?
    /// `mode=retain|remove,errno=NAME,SYSTEMCALL,…`.
    package var seccomp: String?
    /// Where standard streams lead, such as `stream`, by name: `stdin`, `stdout`, `stderr`.
    package var streams: [(name: String, mode: String)] = []

    package init(image: ImageReference) { self.image = image }
}

/// What a pod is made of.
package struct PodOptions: Sendable {
    package enum Content: Sendable {
        /// In this order.
        case apps([AppOptions])
        /// A manifest somebody else made; it is kept word for word, and nothing else here about apps counts.
        case manifest([UInt8])
    }

    package var content: Content
    package var stage1: Stage1Choice = .standard
    package var stage1Locations: Stage1Locations
    /// Rendered trees are not compared with their seals before the pod starts.
    package var skipsTreeCheck = false
    /// Apps can be added and removed while the pod runs; then it may begin without any.
    package var isMutable = false
    package var annotations: [(ACIdentifier, String)] = []
    package var userAnnotations: [(String, String)] = []
    package var userLabels: [(String, String)] = []
    /// Trees are shared with other pods; copied otherwise.
    package var usesOverlay = true
    /// The pod's users are not those of the host.
    package var usesPrivateUsers = false
    package var volumes: [Volume] = []
    /// For every app.
    package var mounts: [Mount] = []
    package var ports: [ExposedPort] = []
    /// The caller's environment, where apps are to have what they lack.
    package var inheritedEnvironment: [(name: String, value: String)] = []
    package var environmentFromFiles: [(name: String, value: String)] = []
    package var environment: [(name: String, value: String)] = []

    package init(_ content: Content, stage1Locations: Stage1Locations) {
        self.content = content
        self.stage1Locations = stage1Locations
    }
}

/// How a prepared pod is to run.
package struct RunOptions: Sendable {
    package var debug = false
    /// The networks as on the command line, joined with commas.
    package var networks = "default"
    package var isInteractive = false
    package var hostname: String?
    package var nameFiles = NameFiles()
    /// `auto`, `private` or `parent`; stage1 knows what it can do.
    package var ipc: String?
    package var localConfiguration: FilePath?
    /// Restrictions of apps that are lifted for this run.
    package var lifted: LiftedRestrictions = []
    /// As ``PodOptions/skipsTreeCheck``.
    package var skipsTreeCheck = false

    package init() {}
}
