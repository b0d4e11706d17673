import AppContainer
import FetchInterface
import ImageTrust
import JSON
import LinuxSystem
import SystemPackage

/// `rkt trust --list`: the whole key store, or what is stored for one scope.
func listKeys(_ context: CommandContext, _ scope: KeyScope?) throws {
    guard context.arguments.isEmpty else { throw Ending.usage }
    let store = context.keyStore
    let listing = try store.list()
    for problem in listing.problems { context.log("\(problem), ignoring") }
    let stored = listing.keys.filter { scope == nil || $0.scope == scope }
    let described = describeKeys(of: stored, in: store, context)
    let rows = stored.map { KeyRow($0, described[$0.fingerprint]) }
    guard context.options.format == .table else {
        return context.print(rows.isEmpty ? .null : .array(rows.map(\.json)), as: context.options.format)
    }
    var table = TabWriter()
    if context.options.hasLegend { table.add(["FINGERPRINT", "PREFIX", "ORIGIN", "STATE", "IDENTITY"]) }
    for row in rows {
        table.add([row.key.fingerprint, row.prefix, row.key.origin.rawValue, row.state.rawValue, row.identity])
    }
    let text = table.formatted()
    if !text.isEmpty { context.print(text) }
}

/// What the keys say about themselves, by fingerprint; what cannot be read is told and left out.
private func describeKeys(
    of stored: [StoredKey], in store: KeyStore, _ context: CommandContext
) -> [String: PublicKey] {
    var described: [String: PublicKey] = [:]
    let readable = stored.filter { $0.content == .key }
    guard !readable.isEmpty else { return [:] }
    do {
        try context.withKeyReader { read in
            for key in readable where described[key.fingerprint] == nil {
                do {
                    let files = try read(.text(store.text(of: key)))
                    let keys = files.flatMap(\.keys)
                    guard let own = keys.first(where: { $0.fingerprint == key.fingerprint }) else {
                        throw Failure(
                            "fingerprint mismatch: \"\(key.fingerprint)\":\"\(keys.first?.fingerprint ?? "")\"")
                    }
                    described[key.fingerprint] = own
                } catch {
                    context.report(error, while: "cannot read key \(quoted(key.path.string))")
                }
            }
        }
    } catch {
        context.report(error, while: "cannot say whose keys these are")
    }
    return described
}

/// One line of the list.
private struct KeyRow {
    enum State: String {
        case trusted, expired, revoked, unusable
        /// A key of the system that a local file takes trust from.
        case masked
        /// The empty file that does.
        case mask
    }

    let key: StoredKey
    let state: State
    let identities: [String]

    init(_ key: StoredKey, _ description: PublicKey?) {
        self.key = key
        identities = key.content == .key ? description?.identities ?? [] : []
        state =
            switch key.content {
            case .mask: .mask
            case .unusable: .unusable
            case .key where key.isMasked: .masked
            case .key where description?.isRevoked == true: .revoked
            case .key where description?.isExpired == true: .expired
            case .key: description == nil ? .unusable : .trusted
            }
    }

    /// `-` for what is trusted whatever its name.
    var prefix: String {
        switch key.scope {
        case .root: "-"
        case .prefix(let prefix): prefix.rawValue
        }
    }

    var identity: String { identities.first.map(printable) ?? "" }

    var json: JSONValue {
        var object = JSONObject()
        object["fingerprint"] = .string(key.fingerprint)
        if case .prefix(let prefix) = key.scope { object["prefix"] = .string(prefix.rawValue) }
        object["root"] = .bool(key.scope == .root)
        object["origin"] = .string(key.origin.rawValue)
        object["state"] = .string(state.rawValue)
        object["identities"] = .array(identities.map { .string($0) })
        object["path"] = .string(key.path.string)
        return .object(object)
    }
}
