import CGPGME
import FetchInterface
import LinuxSystem
import SystemPackage

/// gpg as libgpgme runs it, with a home directory and a keyring of its own.
///
/// No agent is started, nothing is asked of the network, nobody is asked for anything.
final class Engine {
    private static let program = "/usr/bin/gpg"

    private let home: TemporaryHome
    let context: gpgme_ctx_t

    /// `directory` is where the home directory is made and removed again.
    init(in directory: FilePath) throws {
        // Once per process: libgpgme wants its version asked for first, and would look for programs of its own.
        gpgme_set_global_flag("disable-gpgconf", "1")
        gpgme_check_version(nil)
        home = try TemporaryHome(in: directory)
        var context: gpgme_ctx_t?
        try succeed("gpgme_new", gpgme_new(&context))
        guard let context else { throw OpenPGPError.engine(call: "gpgme_new", reason: "no context") }
        self.context = context
        try succeed("gpgme_set_protocol", gpgme_set_protocol(context, GPGME_PROTOCOL_OpenPGP))
        let error = gpgme_ctx_set_engine_info(context, GPGME_PROTOCOL_OpenPGP, Self.program, home.path)
        try succeed("gpgme_ctx_set_engine_info '\(Self.program)'", error)
        gpgme_set_offline(context, 1)
        try succeed("gpgme_set_pinentry_mode", gpgme_set_pinentry_mode(context, GPGME_PINENTRY_MODE_CANCEL))
    }

    deinit { gpgme_release(context) }

    /// Puts keys into the keyring; the fingerprints of the primary keys that got there, 40 digits.
    func importKeys(_ keys: [UInt8]) throws -> [String] {
        let data = try MemoryData(keys)
        try succeed("gpgme_op_import", gpgme_op_import(context, data.handle))
        guard let result = gpgme_op_import_result(context) else { return [] }
        var fingerprints: [String] = []
        var next = result.pointee.imports
        while let status = next?.pointee {
            if status.result == 0 { fingerprints.append(text(status.fpr).lowercased()) }
            next = status.next
        }
        return fingerprints
    }

    /// Everything in the keyring, with an empty text each; keys that have no fingerprint of 40 digits left out.
    func listKeys() throws -> [PublicKey] {
        try succeed("gpgme_op_keylist_start", gpgme_op_keylist_start(context, nil, 0))
        defer { gpgme_op_keylist_end(context) }
        var keys: [PublicKey] = []
        while true {
            var key: gpgme_key_t?
            let error = gpgme_op_keylist_next(context, &key)
            if gpgme_err_code(error) == GPG_ERR_EOF { return keys }
            try succeed("gpgme_op_keylist_next", error)
            guard let key else { return keys }
            defer { gpgme_key_unref(key) }
            if let description = describe(key.pointee) { keys.append(description) }
        }
    }
}

/// What gpg knows about a key.
private func describe(_ key: _gpgme_key) -> PublicKey? {
    var fingerprints: [String] = []
    var subkey = key.subkeys
    while let current = subkey?.pointee {
        let fingerprint = text(current.fpr).lowercased()
        if fingerprint.utf8.count == 40 { fingerprints.append(fingerprint) }
        subkey = current.next
    }
    let primary = text(key.fpr).lowercased()
    guard primary.utf8.count == 40 else { return nil }
    var identities: [String] = []
    var revoked: [String] = []
    var identity = key.uids
    while let current = identity?.pointee, identities.count + revoked.count < maximumIdentities {
        let shown = printable(String(text(current.uid).prefix(maximumIdentityLength)))
        if current.revoked == 0, current.invalid == 0 { identities.append(shown) } else { revoked.append(shown) }
        identity = current.next
    }
    // A key that was revoked has no other names left.
    if identities.isEmpty { identities = revoked }
    return PublicKey(
        fingerprint: primary, subkeyFingerprints: fingerprints.filter { $0 != primary }, identities: identities,
        text: "", isExpired: key.expired != 0, isRevoked: key.revoked != 0)
}

/// User IDs of one key that are shown.
private let maximumIdentities = 16
/// Characters of a user ID that are shown.
private let maximumIdentityLength = 200

/// A C string, or nothing where there is none.
func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }

func succeed(_ call: String, _ error: gpgme_error_t) throws(OpenPGPError) {
    guard gpgme_err_code(error) != GPG_ERR_NO_ERROR else { return }
    throw .engine(call: call, reason: text(gpgme_strerror(error)))
}

/// Bytes that libgpgme reads.
struct MemoryData: ~Copyable {
    let handle: gpgme_data_t

    init(_ bytes: [UInt8]) throws {
        var data: gpgme_data_t?
        let error = bytes.withUnsafeBytes {
            gpgme_data_new_from_mem(&data, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, 1)
        }
        try succeed("gpgme_data_new_from_mem", error)
        guard let data else { throw OpenPGPError.engine(call: "gpgme_data_new_from_mem", reason: "no data") }
        handle = data
    }

    deinit { gpgme_data_release(handle) }
}
