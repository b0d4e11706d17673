/// The app without everything by which its image would get more than ``DefaultSandbox`` gives.
///
/// An image can only narrow its sandbox. To be used on what comes from an image, before the user's own options, which
/// may widen it, are applied. Seccomp sets come out as sets to retain without groups, so that whoever applies them
/// needs to know nothing of the default.
///
/// - Returns: The app, and a sentence for each thing that was refused.
package func narrowed(_ app: App) -> (app: App, refusals: [String]) {
    var refusals: [String] = []
    var result = app
    result.isolators = app.isolators.compactMap { isolator in
        switch isolator {
        case .capabilitiesRetain(let names): narrowed(capabilities: names, &refusals)
        case .seccompRetain(let set): narrowed(retained: set, &refusals)
        case .seccompRemove(let set): narrowed(removed: set)
        case .noNewPrivileges(false): nil  // the default; must not undo what another isolator or the user forbids
        case .oomScoreAdjust(let score):
            score < 0 ? refuse("a lower oom score (\(score))", &refusals) : .oomScoreAtLeast(score)
        case .capabilitiesAmbient(let names): refuse("ambient capabilities \(listed(names))", &refusals)
        case .processLimits(let limits): .processLimitsAtMost(limits)
        default: isolator
        }
    }
    return (result, refusals)
}

private func narrowed(capabilities names: [String], _ refusals: inout [String]) -> Isolator {
    let widening = names.filter { !DefaultSandbox.capabilities.contains($0) }
    if !widening.isEmpty { _ = refuse("capabilities \(listed(widening))", &refusals) }
    let allowed = DefaultSandbox.capabilities.filter(names.contains)
    // A set to retain cannot be empty.
    return allowed.isEmpty ? .capabilitiesRemove(DefaultSandbox.capabilities) : .capabilitiesRetain(allowed)
}

private func narrowed(retained set: SeccompSet, _ refusals: inout [String]) -> Isolator? {
    switch SystemCallGroup.resolve(set.set) {
    case .all: return refuse("all system calls", &refusals)
    case .names(let names):
        let widening = names.subtracting(DefaultSandbox.seccompWhitelist).sorted()
        if !widening.isEmpty { _ = refuse("system calls \(listed(widening))", &refusals) }
        return retain(DefaultSandbox.seccompWhitelist.filter(names.contains), errno: set.errno)
    }
}

/// `nil` when nothing is taken from the default.
private func narrowed(removed set: SeccompSet) -> Isolator? {
    switch SystemCallGroup.resolve(set.set) {
    case .all: return retain([], errno: set.errno)
    case .names(let names):
        if set.errno == nil, names.isDisjoint(with: DefaultSandbox.seccompWhitelist) { return nil }
        return retain(DefaultSandbox.seccompWhitelist.filter { !names.contains($0) }, errno: set.errno)
    }
}

/// Sets to retain cannot be empty, and what is always allowed need not be named.
private func retain(_ names: [String], errno: String?) -> Isolator {
    .seccompRetain(SeccompSet(checked: names.isEmpty ? ["exit"] : names, errno: errno))
}

private func refuse(_ what: String, _ refusals: inout [String]) -> Isolator? {
    refusals.append("the image asks for \(what), which only the user can grant, ignoring")
    return nil
}

/// Names of an image in a sentence: the first few, without anything that could upset a terminal.
private func listed(_ names: [String]) -> String {
    let shown = names.prefix(8).map { name in
        String(name.prefix(40).map { $0.isASCII && ($0.isLetter || $0.isNumber || "_@/.-".contains($0)) ? $0 : "?" })
    }
    return shown.joined(separator: ", ") + (names.count > shown.count ? " and \(names.count - shown.count) more" : "")
}
