package import AppContainer
package import LinuxSystem
package import Stage2Interface

/// The limits that rkt was started with.
package struct InheritedLimits: Sendable {
    package let values: [LaunchSpec.ResourceLimit]
    /// Whether hard limits may be raised.
    package let mayRaise: Bool

    package init(_ values: [LaunchSpec.ResourceLimit], mayRaise: Bool) {
        self.values = values
        self.mayRaise = mayRaise
    }

    /// Those of this process, so that what is started later gets the same.
    package static func current() throws(SystemCallError) -> InheritedLimits {
        var values: [LaunchSpec.ResourceLimit] = []
        for resource in ProcessLimit.Resource.allCases {
            let (soft, hard) = try resourceLimit(resource.number)
            values.append(LaunchSpec.ResourceLimit(resource: resource.number, soft: soft, hard: hard))
        }
        return InheritedLimits(values, mayRaise: try hasResourceCapability())
    }

    /// The limits of an app: these, with those of its isolators in their place, of which the last one counts.
    ///
    /// What an image asks for ends at these hard limits, which any program could reach by itself.
    ///
    /// - Throws: `Failure` for a limit that may not be raised so far.
    package func limits(of app: App) throws -> [LaunchSpec.ResourceLimit] {
        var result = values
        for isolator in app.isolators {
            switch isolator {
            case .processLimits(let limits):
                for limit in limits { try replace(limit, in: &result) }
            case .processLimitsAtMost(let limits):
                for limit in limits { bound(limit, in: &result) }
            default: continue
            }
        }
        return result
    }

    private func replace(_ limit: ProcessLimit, in result: inout [LaunchSpec.ResourceLimit]) throws {
        guard let index = index(of: limit) else { return }
        let ours = values[index].hard
        if limit.hard > ours, !mayRaise {
            throw Failure(
                "cannot raise rlimit \(limit.resource.rawValue) to '\(limit.value)': the hard limit of rkt itself is "
                    + "\(ours), and only with CAP_SYS_RESOURCE it could give more")
        }
        result[index] = LaunchSpec.ResourceLimit(
            resource: limit.resource.number, soft: limit.soft, hard: limit.hard)
    }

    private func bound(_ limit: ProcessLimit, in result: inout [LaunchSpec.ResourceLimit]) {
        guard let index = index(of: limit) else { return }
        let hard = min(limit.hard, values[index].hard)
        result[index] = LaunchSpec.ResourceLimit(
            resource: limit.resource.number, soft: min(limit.soft, hard), hard: hard)
    }

    private func index(of limit: ProcessLimit) -> Int? {
        values.firstIndex { $0.resource == limit.resource.number }
    }
}
