import AppContainer
import LinuxSystem
import Stage0
import SystemPackage

/// Everything that the flags of all commands can say.
///
/// Each command reads only what its own flags set.
struct Options: Sendable {
    // Every command
    var showsHelp = false
    var isDebugging = false
    var dataDirectory: FilePath?
    var systemConfig: FilePath = "/usr/lib/rkt"
    var localConfig: FilePath = "/etc/rkt"
    var userConfig: FilePath?
    var insecure: InsecureOptions = []
    var trustsKeysFromHTTPS = false

    // Images and what belongs to each of them
    var apps = AppList()
    var volumes: [Volume] = []

    // Where images come from
    var pullPolicy: PullPolicy?
    var usesStoreOnly = false
    var ignoresStore = false

    // Pods about to start
    var stage1: Stage1Flag?
    var networks: [String] = []
    var usesOverlay = true
    var usesPrivateUsers = false
    var hostname: String?
    var names = NameOptions()
    var ipc: String?
    var isInteractive = false
    var inheritsEnvironment = false
    var environment: [(name: String, value: String)] = []
    var environmentFiles: [(name: String, value: String)] = []
    var podManifest: FilePath?
    var uuidFileSave: FilePath?
    var isQuiet = false
    var podAnnotations: [(ACIdentifier, String)] = []
    var podUserAnnotations: [(String, String)] = []
    var podUserLabels: [(String, String)] = []

    // Pods that exist
    var uuidFile: FilePath?
    var appName: String?
    var enteringUser: String?
    var wait = Wait.no
    var waitReady = Wait.no
    var isForced = false
    var attachMode = "auto"
    var logs = LogOptions()
    /// In nanoseconds; `nil` leaves the command's default.
    var gracePeriod: Int64?
    var expirePrepared: Int64?
    var marksOnly = false

    // Output
    var isFull = false
    var hasLegend = true
    var format = OutputFormat.table
    var prettyPrints = true
    /// `nil` leaves the choice to the command.
    var fields: [ImageField]?
    var sortFields: [ImageField] = [.importTime]
    var sortsDescending = false
    var overwrites = false
    var rootFSOnly = false

    // Keys
    var trust = TrustOptions()
}

/// How long `rkt status` waits.
enum Wait: Equatable, Sendable {
    case no
    case forever
    /// At most this many nanoseconds.
    case atMost(Int64)

    /// A truth value or a duration; nothing means yes, a negative duration for ever.
    init(_ text: String) throws(GoValueError) {
        if text.isEmpty {
            self = .forever
        } else if let flag = try? parseGoBool(text) {  // what is no truth value is a duration, or refused below
            self = flag ? .forever : .no
        } else {
            let limit = try parseGoDuration(text)
            self = limit < 0 ? .forever : limit == 0 ? .no : .atMost(limit)
        }
    }

    /// Waits with `body`, which gets the longest time to wait, `nil` for ever.
    func apply(_ message: String, body: (Duration?) throws -> Void) throws {
        switch self {
        case .no: return
        case .forever: try explaining(message) { try body(nil) }
        case .atMost(let nanoseconds): try explaining(message) { try body(.nanoseconds(nanoseconds)) }
        }
    }
}

enum OutputFormat: String, Sendable {
    case table = ""
    case json
    case prettyJSON = "json-pretty"
}

/// A column of `rkt image list`.
enum ImageField: String, CaseIterable, Sendable {
    case id
    case name
    case size
    case importTime = "importtime"
    case lastUsed = "lastused"
    case signedBy = "signedby"

    /// As in the original.
    static let standard: [ImageField] = [.id, .name, .size, .importTime, .lastUsed]
    static let sortable: [ImageField] = [.name, .importTime, .lastUsed, .size]

    /// Reads a comma-separated list of `allowed` columns.
    static func list(_ text: String, allowed: [ImageField]) throws(ListError) -> [ImageField] {
        try checkedList(text, allowed: allowed.map(\.rawValue)).compactMap(ImageField.init)
    }
}

/// Which of the five flags for stage1 was given, and its value; only one of them can be.
struct Stage1Flag: Equatable, Sendable {
    enum Source: String, Sendable {
        case url = "stage1-url"
        case path = "stage1-path"
        case name = "stage1-name"
        case hash = "stage1-hash"
        case fromDirectory = "stage1-from-dir"
    }

    let source: Source
    let value: String

    /// - Throws: ``GoValueError`` if one of the five was given before.
    init(_ source: Source, _ value: String, after earlier: Stage1Flag?) throws(GoValueError) {
        if let earlier {
            throw GoValueError(
                description: earlier.source == source
                    ? "--\(source.rawValue) already used"
                    : "flags --\(earlier.source.rawValue) and --\(source.rawValue) are mutually exclusive")
        }
        self.source = source
        self.value = value
    }
}
