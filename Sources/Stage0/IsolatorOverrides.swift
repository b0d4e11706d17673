import AppContainer

extension RequestedApp {
    /// The image's isolators, with those of the command line in their place.
    ///
    /// Source: rkt 1.30.0, stage0/run.go, `prepareIsolators`.
    func isolators(_ image: [Isolator]) throws -> [Isolator] {
        var isolators = image
        if let memory = options.memory {
            isolators.removeAll { if case .memory = $0 { true } else { false } }
            isolators.append(.memory(ResourceLimits(limit: memory)))
        }
        if let cpu = options.cpu {
            isolators.removeAll { if case .cpu = $0 { true } else { false } }
            isolators.append(.cpu(ResourceLimits(limit: cpu)))
        }
        if let shares = options.cpuShares {
            isolators.removeAll { if case .cpuShares = $0 { true } else { false } }
            isolators.append(.cpuShares(shares))
        }
        if let pids = options.pids {
            isolators.removeAll { $0.name == "resource/pids" }
            isolators.append(.pids(ResourceLimits(limit: pids)))
        }
        if !options.rlimits.isEmpty { isolators = withLimits(isolators) }
        if let score = options.oomScoreAdjust {
            isolators.removeAll { $0.name == "os/linux/oom-score-adj" }
            isolators.append(.oomScoreAdjust(score))
        }
        if let ambient = options.ambientCapabilities { isolators.append(.capabilitiesAmbient(ambient)) }
        if let capabilities = try capabilities() {
            isolators.removeAll {
                switch $0 {
                case .capabilitiesRetain, .capabilitiesRemove: true
                default: false
                }
            }
            isolators.append(capabilities)
        }
        if let text = options.seccomp {
            isolators.removeAll {
                switch $0 {
                case .seccompRetain, .seccompRemove: true
                default: false
                }
            }
            isolators.append(try seccompIsolator(parsing: text))
        }
        return isolators
    }

    /// Replaces limits of the same names; the image's others stay.
    private func withLimits(_ isolators: [Isolator]) -> [Isolator] {
        let names = Set(options.rlimits.map(\.resource))
        let image = isolators.map { isolator in
            guard case .processLimitsAtMost(let limits) = isolator else { return isolator }
            return .processLimitsAtMost(limits.filter { !names.contains($0.resource) })
        }
        return image + [.processLimits(options.rlimits)]
    }

    private func capabilities() throws -> Isolator? {
        switch (options.retainedCapabilities, options.removedCapabilities) {
        case (nil, nil): nil
        case (let retained?, nil): .capabilitiesRetain(retained)
        case (nil, let removed?): .capabilitiesRemove(removed)
        case (.some, .some): throw PreparationError.capabilitiesBothWays
        }
    }
}

/// Reads `mode=retain|remove,errno=NAME,SYSTEMCALL,…`; mode and errno may be left out.
///
/// Source: rkt 1.30.0, schema/types, `NewLinuxSeccomp…Set`, and stage0/run.go; the mode is remove by default.
func seccompIsolator(parsing text: String) throws -> Isolator {
    var mode = "remove"
    var errno: String?
    var names: [String] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
        if word.hasPrefix("mode=") {
            mode = String(word.dropFirst("mode=".count))
        } else if word.hasPrefix("errno=") {
            errno = String(word.dropFirst("errno=".count))
        } else {
            guard !word.isEmpty, !word.contains("=") else { throw PreparationError.invalidSeccomp(text) }
            names.append(word)
        }
    }
    guard !names.isEmpty else { throw PreparationError.invalidSeccomp(text) }
    let set: SeccompSet
    do { set = try SeccompSet(names, errno: errno) } catch { throw PreparationError.invalidSeccomp(text) }
    switch mode {
    case "retain": return .seccompRetain(set)
    case "remove": return .seccompRemove(set)
    default: throw PreparationError.invalidSeccompMode(mode)
    }
}
