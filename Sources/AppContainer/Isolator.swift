package import JSON

/// A limit on what an app may use or do.
///
/// Source: appc spec 0.8.11, ace.md, "Isolators".
package enum Isolator: Equatable, Sendable {
    case memory(ResourceLimits)
    case cpu(ResourceLimits)
    case blockBandwidth(ResourceLimits)
    case blockIOPS(ResourceLimits)
    case networkBandwidth(ResourceLimits)
    /// How many processes and threads the app may have.
    case pids(ResourceLimits)
    /// The capabilities the app may have at most.
    case capabilitiesRetain([String])
    /// What the app loses of the default capabilities.
    case capabilitiesRemove([String])
    /// The capabilities that an app has from the start although it does not run as root; only the user can give them.
    case capabilitiesAmbient([String])
    /// The system calls the app may make.
    case seccompRetain(SeccompSet)
    /// The system calls the app may not make.
    case seccompRemove(SeccompSet)
    case noNewPrivileges(Bool)
    /// −1000 to 1000; the higher, the earlier the app is killed when memory runs out.
    case oomScoreAdjust(Int32)
    /// The same from an image, which may raise the score it would have anyway, and not lower it.
    case oomScoreAtLeast(Int32)
    /// 2 to 262144; the app's weight where CPUs are contended.
    case cpuShares(UInt64)
    case selinuxContext(SELinuxContext)
    /// Settings of the kernel that each pod has for itself, such as `kernel.shmmax`.
    case sysctl(StringMap)
    /// Limits of `setrlimit(2)`.
    case processLimits([ProcessLimit])
    /// The same from an image, which gets no more than it would have anyway.
    case processLimitsAtMost([ProcessLimit])

    package var name: String {
        switch self {
        case .memory: "resource/memory"
        case .cpu: "resource/cpu"
        case .blockBandwidth: "resource/block-bandwidth"
        case .blockIOPS: "resource/block-iops"
        case .networkBandwidth: "resource/network-bandwidth"
        case .pids: "resource/pids"
        case .capabilitiesRetain: "os/linux/capabilities-retain-set"
        case .capabilitiesRemove: "os/linux/capabilities-remove-set"
        case .capabilitiesAmbient: "os/linux/capabilities-ambient-set"
        case .seccompRetain: "os/linux/seccomp-retain-set"
        case .seccompRemove: "os/linux/seccomp-remove-set"
        case .noNewPrivileges: "os/linux/no-new-privileges"
        case .oomScoreAdjust, .oomScoreAtLeast: "os/linux/oom-score-adj"
        case .cpuShares: "os/linux/cpu-shares"
        case .selinuxContext: "os/linux/selinux-context"
        case .sysctl: "os/unix/sysctl"
        case .processLimits, .processLimitsAtMost: "os/linux/rlimits"
        }
    }

    /// Whether it was made from an image's so that it can only take away.
    private var onlyNarrows: Bool {
        switch self {
        case .oomScoreAtLeast, .processLimitsAtMost: true
        default: false
        }
    }

    /// Whether an app can have only one of this kind.
    private var isSingle: Bool {
        switch self {
        case .seccompRetain, .seccompRemove, .oomScoreAdjust, .oomScoreAtLeast, .cpuShares, .selinuxContext, .sysctl,
            .capabilitiesAmbient:
            true
        default: false
        }
    }

    /// Checks what holds between the isolators of one app.
    package static func check(_ isolators: [Isolator]) throws(ManifestError) {
        var names: Set<String> = []
        for isolator in isolators {
            if !names.insert(isolator.name).inserted, isolator.isSingle { throw .tooManyIsolators(isolator.name) }
        }
        if names.contains("os/linux/seccomp-retain-set"), names.contains("os/linux/seccomp-remove-set") {
            throw .incompatibleIsolators
        }
    }
}

extension Isolator: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let name = try fields.required("name", as: String.self)
        switch name {
        case "resource/memory": self = .memory(try fields.limits(isDefault: false))
        case "resource/cpu": self = .cpu(try fields.limits(isDefault: false))
        case "resource/block-bandwidth": self = .blockBandwidth(try fields.limits(isDefault: true))
        case "resource/block-iops": self = .blockIOPS(try fields.limits(isDefault: true))
        case "resource/network-bandwidth": self = .networkBandwidth(try fields.limits(isDefault: true))
        case "resource/pids": self = .pids(try fields.limits(isDefault: false))
        case "os/linux/capabilities-retain-set": self = .capabilitiesRetain(try fields.names().set)
        case "os/linux/capabilities-remove-set": self = .capabilitiesRemove(try fields.names().set)
        case "os/linux/capabilities-ambient-set": self = .capabilitiesAmbient(try fields.names().set)
        case "os/linux/seccomp-retain-set": self = .seccompRetain(try fields.names())
        case "os/linux/seccomp-remove-set": self = .seccompRemove(try fields.names())
        case "os/linux/no-new-privileges": self = .noNewPrivileges(try fields.required("value"))
        case "os/linux/oom-score-adj":
            let score = try fields.integer(in: Int32(-1000)...1000)
            self = try fields.onlyNarrows() ? .oomScoreAtLeast(score) : .oomScoreAdjust(score)
        case "os/linux/cpu-shares": self = .cpuShares(try fields.integer(in: 2...262_144))
        case "os/linux/selinux-context": self = .selinuxContext(try fields.required("value"))
        case "os/unix/sysctl": self = .sysctl(try fields.required("value"))
        case "os/linux/rlimits":
            let limits = try fields.required("value", as: ProcessLimitList.self).limits
            self = try fields.onlyNarrows() ? .processLimitsAtMost(limits) : .processLimits(limits)
        default: throw JSONFieldError(at: path, ManifestError.invalidIsolator(name))
        }
    }

    package var json: JSONValue {
        var object: JSONObject = ["name": .string(name), "value": value]
        if onlyNarrows { object["onlyNarrows"] = true }
        return .object(object)
    }

    private var value: JSONValue {
        switch self {
        case .memory(let limits), .cpu(let limits), .blockBandwidth(let limits), .blockIOPS(let limits),
            .networkBandwidth(let limits), .pids(let limits):
            limits.json
        case .capabilitiesRetain(let set), .capabilitiesRemove(let set), .capabilitiesAmbient(let set):
            ["set": set.json]
        case .seccompRetain(let set), .seccompRemove(let set): set.json
        case .noNewPrivileges(let isOn): .bool(isOn)
        case .oomScoreAdjust(let score), .oomScoreAtLeast(let score): score.json
        case .cpuShares(let shares): shares.json
        case .selinuxContext(let context): context.json
        case .sysctl(let settings): settings.json
        case .processLimits(let limits), .processLimitsAtMost(let limits): ProcessLimitList(limits).json
        }
    }
}

extension JSONFields {
    fileprivate func limits(isDefault: Bool) throws -> ResourceLimits {
        let limits = try required("value", as: ResourceLimits.self)
        try check("value") { try limits.check(isDefault: isDefault) }
        return limits
    }

    /// Ours: in a pod manifest, marks what an image asked for and the user did not.
    fileprivate func onlyNarrows() throws -> Bool { try optional("onlyNarrows") ?? false }

    fileprivate func names() throws -> SeccompSet { try required("value") }

    fileprivate func integer<Integer: FixedWidthInteger & JSONDecodable>(
        in range: ClosedRange<Integer>
    ) throws -> Integer {
        let value = try required("value", as: Integer.self)
        try check("value") {
            guard range.contains(value) else {
                throw ManifestError.invalidIsolatorValue(
                    "\(value) is not in the range \(range.lowerBound) to \(range.upperBound)")
            }
        }
        return value
    }
}
