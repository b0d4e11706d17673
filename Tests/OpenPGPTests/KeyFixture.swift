import FetchInterface
import Glibc
import OpenPGP
import SystemPackage
import TestSupport

/// Keys of these tests beside ``SigningKeys``: an RSA key from 2020 that never expires, a key with a subkey that has.
enum OldKeys {
    static let home: Result<FilePath, any Error> = Result {
        let home = try RunDirectory.make("old-keys", mode: 0o700)
        let script = """
            export GNUPGHOME=$PWD
            exec 2>log
            trap 'gpgconf --kill gpg-agent' EXIT
            gpg() {
                command gpg --batch --quiet --no-tty --pinentry-mode loopback --passphrase "" \\
                    --faked-system-time 20200101T000000 "$@"
            }
            gpg --quick-gen-key "Old Key <old@example.com>" rsa2048 sign never
            gpg --quick-gen-key "Late Subkey <late@example.com>" ed25519 cert never
            late=$(gpg --with-colons --list-keys late@example.com | awk -F: '$1 == "fpr" { print $10; exit }')
            gpg --quick-add-key "$late" ed25519 sign 1d
            gpg --cert-digest-algo SHA1 --quick-gen-key "Weak Key <weak@example.com>" rsa2048 sign never
            for name in old late weak; do
                gpg --armor --export "$name@example.com" > "$name.asc"
                gpg --with-colons --list-keys "$name@example.com" |
                    awk -F: '$1 == "fpr" { print tolower($10); exit }' > "$name.fingerprint"
            done
            gpg --export old@example.com > old.gpg
            gpg --armor --export-secret-keys old@example.com > secret.asc
            """
        do {
            try shell(script, in: home)
        } catch {
            throw Trouble("\(error)\n\((try? readText(home.appending("log"))) ?? "")")
        }
        return home
    }

    static func publicKey(_ name: String) throws -> FilePath { try home.get().appending("\(name).asc") }

    static func trusted(_ name: String) throws -> TrustedKey {
        let fingerprint = try readText(home.get().appending("\(name).fingerprint")).prefix(40)
        return TrustedKey(fingerprint: String(fingerprint), text: try readText(publicKey(name)))
    }

    /// Signs with one of these keys, in 2020 unless told otherwise.
    static func sign(
        _ file: FilePath, by name: String = "old", at time: String = "20200101T120000", _ options: [String] = [],
        how: String = "--detach-sign"
    ) throws -> FilePath {
        let target = FilePath("\(file).\(name)")
        let script = """
            export GNUPGHOME="$1"; file=$2 target=$3 user=$4; shift 4
            exec 9>"$GNUPGHOME/signing"
            flock 9 # one after the other: each ends the agent that all would use
            trap 'gpgconf --kill gpg-agent 9>&-' EXIT
            rm -f "$target"
            gpg --batch --quiet --no-tty --armor --local-user "$user@example.com" --faked-system-time "$@" \\
                --output "$target" \(how) "$file" 9>&-
            """
        try shell(script, [home.get().string, file.string, target.string, name, time] + options)
        return target
    }
}

extension SigningKeys {
    func trusted(_ signer: Signer) throws -> TrustedKey {
        TrustedKey(fingerprint: try fingerprint(signer), text: try readText(publicKey(signer)))
    }
}

/// A file to sign, and a place for gpg's home.
struct SignedThing {
    let directory: FilePath
    let file: FilePath
    var work: FilePath { directory.appending("work") }

    static func with(_ body: (SignedThing) throws -> Void) throws {
        try TemporaryDirectory.with("openpgp") { directory in
            let thing = SignedThing(directory: directory, file: directory.appending("content"))
            try makeDirectories(thing.work)
            try writeBytes((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }, to: thing.file)
            try body(thing)
        }
    }

    /// SHA-256 of the file, as sha256sum says.
    func digest(_ file: FilePath? = nil) throws -> String {
        String(try shell("sha256sum \"$1\"", [(file ?? self.file).string]).output.prefix(64))
    }

    func verify(_ signature: FilePath, _ keys: [TrustedKey], file: FilePath? = nil) throws -> SignedContent {
        try verify(readBytes(signature), keys, file: file)
    }

    func verify(_ signature: [UInt8], _ keys: [TrustedKey], file: FilePath? = nil) throws -> SignedContent {
        let descriptor = open((file ?? self.file).string, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        // The position must not matter: the descriptor is shared with a program that has read the file.
        lseek(descriptor, 1000, SEEK_SET)
        let content = try OpenPGP.verify(
            Verification(file: descriptor, signature: base64(signature), keys: keys), directory: work)
        guard try entries(of: work) == [] else { throw Trouble("left: \(try entries(of: work))") }
        return content
    }
}
