package import SystemPackage

/// GnuPG keys for signing images, made once per run in a home of their own.
package struct SigningKeys: Sendable {
    /// Whose key; ``identity`` is its user ID.
    package enum Signer: String, CaseIterable, Sendable {
        /// The one that tests trust.
        case images
        /// A good key of somebody else.
        case stranger
        /// Was valid for a day in 2020, and signs as if it were that day.
        case expired
        /// Revoked by its owner after it signed.
        case revoked
        /// Certifies only; a subkey signs.
        case subkey

        package var identity: String {
            switch self {
            case .images: "Example Signing Key <images@example.com>"
            case .stranger: "Stranger <stranger@example.org>"
            case .expired: "Expired Key <expired@example.com>"
            case .revoked: "Revoked Key <revoked@example.com>"
            case .subkey: "Key With Subkey <subkey@example.com>"
            }
        }
    }

    package let home: FilePath

    /// The armored public key.
    package func publicKey(_ signer: Signer = .images) -> FilePath { home.appending("\(signer.rawValue).asc") }

    /// The revoked key as it was before; its fingerprint is the same.
    package var revokedKeyBefore: FilePath { home.appending("revoked-before.asc") }

    /// 40 lower-case digits of the primary key.
    package func fingerprint(_ signer: Signer = .images) throws -> String {
        try readText(home.appending("\(signer.rawValue).fingerprint")).split(separator: "\n").first.map {
            $0.lowercased()
        } ?? ""
    }

    /// The fingerprint in groups of four, as people compare it.
    package func groups(_ signer: Signer = .images) throws -> String {
        let digits = Array(try fingerprint(signer).uppercased())
        let groups = stride(from: 0, to: digits.count, by: 4).map { String(digits[$0..<min($0 + 4, digits.count)]) }
        return groups.prefix(5).joined(separator: " ") + "  " + groups.dropFirst(5).joined(separator: " ")
    }

    /// Signs `file` with each of the keys into one signature; its path, beside the file unless given.
    @discardableResult
    package func sign(
        _ file: FilePath, by signers: [Signer] = [.images], to signature: FilePath? = nil, armored: Bool = true,
        options: [String] = []
    ) throws -> FilePath {
        let target = signature ?? FilePath("\(file).asc")
        try removeIfThere(target)
        var words = options
        if signers == [.expired] { words += ["--faked-system-time", "20200101T120000"] }
        if armored { words.append("--armor") }
        for signer in signers { words += ["--local-user", signer.identity] }
        let script = """
            export GNUPGHOME="$1"; file=$2 target=$3; shift 3
            exec 9>"$GNUPGHOME/signing"
            flock 9 # one after the other: each ends the agent that all would use
            status=0
            gpg --batch --quiet --no-tty "$@" --output "$target" --detach-sign "$file" 9>&- || status=$?
            gpgconf --kill gpg-agent 9>&-
            exit $status
            """
        try shell(script, [home.string, file.string, target.string] + words)
        return target
    }

    package static var shared: SigningKeys {
        get throws { try made.get() }
    }

    private static let made: Result<SigningKeys, any Error> = Result {
        let home = try RunDirectory.make("gnupg", mode: 0o700)
        let script = """
            export GNUPGHOME=$PWD
            exec 2>log
            gpg() { command gpg --batch --quiet --no-tty --pinentry-mode loopback --passphrase "" "$@"; }
            trap 'gpgconf --kill gpg-agent' EXIT
            fingerprint() { gpg --with-colons --list-keys "=$1" | awk -F: '$1 == "fpr" { print $10 }' > "$2.fingerprint"; }
            key() { # NAME IDENTITY
                [ "$1" != expired ] || set -- "$1" "$2" --faked-system-time 20200101T000000
                name=$1 identity=$2 usage=sign expires=never; shift 2
                [ "$name" != subkey ] || usage=cert
                [ "$name" != expired ] || expires=1d
                gpg "$@" --quick-gen-key "$identity" ed25519 "$usage" "$expires"
                fingerprint "$identity" "$name"
                primary=$(head -1 "$name.fingerprint")
                if [ "$name" = subkey ]; then
                    gpg --quick-add-key "$primary" ed25519 sign never
                    fingerprint "$identity" "$name"
                fi
                gpg --armor --export "$primary" > "$name.asc"
                if [ "$name" = revoked ]; then
                    cp revoked.asc revoked-before.asc
                    mkdir other; chmod 700 other
                    sed 's/^://' "openpgp-revocs.d/$primary.rev" > revocation
                    command gpg --homedir other --batch --quiet --no-tty --import revoked.asc revocation
                    command gpg --homedir other --batch --quiet --no-tty --armor --export "$primary" > revoked.asc
                    GNUPGHOME=$PWD/other gpgconf --kill gpg-agent
                fi
            }
            while [ $# -ge 2 ]; do key "$1" "$2"; shift 2; done
            """
        do {
            try shell(script, Signer.allCases.flatMap { [$0.rawValue, $0.identity] }, in: home)
        } catch {
            throw Trouble("\(error)\n\((try? readText(home.appending("log"))) ?? "")")
        }
        return SigningKeys(home: home)
    }
}

private func removeIfThere(_ path: FilePath) throws {
    if exists(path) { try shell("rm \"$1\"", [path.string]) }
}
