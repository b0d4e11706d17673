/// What stage1 tells the exec shim: one program, and all that confines it.
///
/// Travels as bytes in the file behind descriptor ``descriptor``; both sides come from the same stage1 image, so there is
/// no version and no tolerance.
package struct LaunchSpec: Equatable, Sendable {
    /// Where the shim finds the encoded specification.
    package static let descriptor: CInt = 3
    /// Closed by executing the program; what is written there before says why that failed.
    ///
    /// Not open where nobody waits.
    package static let startedDescriptor: CInt = 4
    /// The first of the sockets for the program, which gets them from descriptor 3 on.
    package static let firstSocketDescriptor: CInt = 5

    /// A mount point that becomes the root; `nil` when the shim is started inside the app's root already.
    package var root: String?
    /// With the program first: an absolute path, a path below the working directory, or a name to search for.
    package var arguments: [String]
    /// `NAME=VALUE` each.
    package var environment: [String]
    /// In the app.
    package var workingDirectory: String
    /// Directories in the app where a bare program name is looked for, in order.
    package var searchPath: [String]
    package var user: UInt32
    package var group: UInt32
    package var supplementaryGroups: [UInt32]
    /// A bit per capability that the program may ever have; `nil` leaves the sets of the caller.
    package var capabilities: UInt64?
    /// A bit per capability that the program has from the start although its user is not root.
    package var ambientCapabilities: UInt64
    package var noNewPrivileges: Bool
    /// BPF instructions of 8 bytes each; empty for none.
    package var seccompFilter: [UInt8]
    package var limits: [ResourceLimit]
    /// The name of each socket that the program is started with.
    ///
    /// Source: sd_listen_fds(3).
    package var socketNames: [String]

    /// A limit of `setrlimit(2)`; `UInt64.max` is none.
    package struct ResourceLimit: Equatable, Sendable {
        package let resource: UInt32
        package let soft: UInt64
        package let hard: UInt64

        package init(resource: UInt32, soft: UInt64, hard: UInt64) {
            self.resource = resource
            self.soft = soft
            self.hard = hard
        }
    }

    package init(arguments: [String], environment: [String], user: UInt32, group: UInt32) {
        self.arguments = arguments
        self.environment = environment
        self.user = user
        self.group = group
        root = nil
        workingDirectory = "/"
        searchPath = []
        supplementaryGroups = []
        capabilities = nil
        ambientCapabilities = 0
        noNewPrivileges = false
        seccompFilter = []
        limits = []
        socketNames = []
    }
}

extension LaunchSpec {
    /// The bytes that ``init(decoding:)`` reads.
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.put(root)
        writer.put(arguments)
        writer.put(environment)
        writer.put(workingDirectory)
        writer.put(searchPath)
        writer.put(UInt64(user))
        writer.put(UInt64(group))
        writer.put(supplementaryGroups.map(UInt64.init))
        writer.put(capabilities.map { [$0] } ?? [])
        writer.put(ambientCapabilities)
        writer.put(noNewPrivileges ? 1 : 0)
        writer.put(seccompFilter)
        writer.put(limits.flatMap { [UInt64($0.resource), $0.soft, $0.hard] })
        writer.put(socketNames)
        return writer.bytes
    }

    /// Reads what ``encoded`` wrote.
    package init(decoding bytes: [UInt8]) throws(LaunchSpecError) {
        var reader = ByteReader(bytes)
        let root = try reader.optionalText()
        let arguments = try reader.texts()
        let environment = try reader.texts()
        let workingDirectory = try reader.text()
        let searchPath = try reader.texts()
        let user = try reader.number32()
        let group = try reader.number32()
        self.init(arguments: arguments, environment: environment, user: user, group: group)
        self.root = root
        self.workingDirectory = workingDirectory
        self.searchPath = searchPath
        supplementaryGroups = try reader.numbers().map(UInt32.init(truncatingIfNeeded:))
        capabilities = try reader.numbers().first
        ambientCapabilities = try reader.number()
        noNewPrivileges = try reader.number() == 1
        seccompFilter = try reader.content()
        let values = try reader.numbers()
        limits = stride(from: 0, to: values.count - values.count % 3, by: 3).map {
            ResourceLimit(
                resource: UInt32(truncatingIfNeeded: values[$0]), soft: values[$0 + 1], hard: values[$0 + 2])
        }
        socketNames = try reader.texts()
        try reader.finish()
    }
}

/// Bytes that are no launch specification.
package enum LaunchSpecError: Error, Equatable, CustomStringConvertible {
    case truncated
    case trailingBytes

    package var description: String {
        switch self {
        case .truncated: "the launch specification is truncated"
        case .trailingBytes: "the launch specification has trailing bytes"
        }
    }
}
