package import AppContainer
import CCap
import LinuxSystem

/// The capabilities an app may ever have, a bit each: exactly the retain set, or the default without the remove set.
///
/// Several isolators of one kind count as one; both kinds at once are an error. Unknown names are an error: dropping a
/// capability that is not dropped would go unnoticed.
///
/// Source: rkt 1.30.0, stage1/init/common/app.go; names by cap_from_name(3).
package func capabilityMask(of app: App) throws -> UInt64 {
    var retained: [String]?
    var removed: [String]?
    for isolator in app.isolators {
        switch isolator {
        case .capabilitiesRetain(let set): retained = (retained ?? []) + set
        case .capabilitiesRemove(let set): removed = (removed ?? []) + set
        default: continue
        }
    }
    if retained != nil && removed != nil {
        throw Failure("cannot use both capabilities-retain-set and capabilities-remove-set in one app")
    }
    if let retained { return try mask(of: retained) }
    return try mask(of: DefaultSandbox.capabilities) & ~mask(of: removed ?? [])
}

/// The capabilities that an app has although it does not run as root.
///
/// Each has to be among those that the app may ever have; `allowed` is nil where that is not restricted.
///
/// Source: capabilities(7), "Ambient".
package func ambientMask(of app: App, within allowed: UInt64?) throws -> UInt64 {
    var ambient: UInt64 = 0
    for isolator in app.isolators {
        guard case .capabilitiesAmbient(let names) = isolator else { continue }
        for name in names {
            let bit = try mask(of: [name])
            if let allowed, allowed & bit == 0 {
                throw Failure("ambient capability '\(name)' is not one that the app may have; add it to --caps-retain")
            }
            ambient |= bit
        }
    }
    return ambient
}

private func mask(of names: [String]) throws -> UInt64 {
    var mask: UInt64 = 0
    for name in names {
        var number: cap_value_t = 0
        guard name.hasPrefix("CAP_"), cap_from_name(name.lowercased(), &number) == 0, (0..<64).contains(number) else {
            throw Failure("unknown capability '\(name)'")
        }
        mask |= 1 << UInt64(number)
    }
    return mask
}
