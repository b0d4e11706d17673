import FetchInterface
import OpenPGP
import SystemPackage
import TestSupport
import Testing

@Suite struct DescribeKeysTests {
    private let keys: SigningKeys

    init() throws { keys = try SigningKeys.shared }

    private func describe(_ file: [UInt8]) throws -> [PublicKey] {
        try TemporaryDirectory.with("describe") { directory in
            let result = Result { try describeKeys(file, directory: directory) }
            #expect(try entries(of: directory) == [])
            return try result.get()
        }
    }

    @Test func `one key is kept as it came`() throws {
        let file = Array("A key:\n".utf8) + (try readBytes(keys.publicKey()))
        let expected = PublicKey(
            fingerprint: try keys.fingerprint(), subkeyFingerprints: [],
            identities: [SigningKeys.Signer.images.identity], text: String(decoding: file, as: UTF8.self),
            isExpired: false, isRevoked: false)
        #expect(try describe(file) == [expected])
    }

    @Test func `a key says when it cannot be used any more`() throws {
        let expired = try #require(try describe(readBytes(keys.publicKey(.expired))).first)
        #expect(expired.isExpired && !expired.isRevoked)
        let revoked = try #require(try describe(readBytes(keys.publicKey(.revoked))).first)
        #expect(revoked.isRevoked && !revoked.isExpired)
        #expect(try describe(readBytes(keys.revokedKeyBefore)).map(\.isRevoked) == [false])
    }

    @Test func `subkeys are listed`() throws {
        let key = try #require(try describe(readBytes(keys.publicKey(.subkey))).first)
        #expect(key.fingerprint == (try keys.fingerprint(.subkey)))
        #expect(key.subkeyFingerprints.count == 1)
    }

    @Test func `of several keys each has a text of its own`() throws {
        let file =
            try readBytes(keys.publicKey(.images)) + readBytes(keys.publicKey(.subkey))
            + readBytes(keys.publicKey(.images))
        let all = try describe(file)
        #expect(try all.map(\.fingerprint) == [keys.fingerprint(.images), keys.fingerprint(.subkey)])
        for key in all {
            var alone = try describe(Array(key.text.utf8))
            #expect(alone.count == 1)
            alone[0].text = key.text
            #expect(alone == [key])
        }
    }

    @Test func `a binary key becomes an armored one`() throws {
        let key = try #require(try describe(readBytes(OldKeys.home.get().appending("old.gpg"))).first)
        #expect(key.text.hasPrefix("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"))
        #expect(key.fingerprint == (try OldKeys.trusted("old").fingerprint))
        #expect(try describe(Array(key.text.utf8)).map(\.fingerprint) == [key.fingerprint])
    }

    @Test func `a key that only SHA-1 vouches for is refused`() throws {
        #expect(throws: OpenPGPError.self) { try describe(readBytes(OldKeys.publicKey("weak"))) }
    }

    @Test func `a secret key is refused by name`() throws {
        #expect(throws: OpenPGPError.secretKey) { try describe(readBytes(OldKeys.home.get().appending("secret.asc"))) }
    }

    @Test func `what is no key is refused`() throws {
        #expect(throws: OpenPGPError.noKeys(nil)) { try describe([]) }
        #expect(throws: OpenPGPError.noKeys(nil)) { try describe(Array("<html>\n".utf8)) }
        #expect(throws: OpenPGPError.noKeys("it ends within a packet")) { try describe([0xc6, 10, 4]) }
        #expect(throws: OpenPGPError.keyTooLarge) {
            try describe(Array(repeating: 0x0a, count: TrustLimits.maximumKeyFileBytes + 1))
        }
        try SignedThing.with { thing in
            let signature = try keys.sign(thing.file)
            #expect(throws: OpenPGPError.noKeys("it holds a 'PGP SIGNATURE'")) { try describe(readBytes(signature)) }
        }
        // A key of version 4 whose algorithm nobody knows.
        #expect(throws: OpenPGPError.self) { try describe([0x98, 6, 4, 0, 0, 0, 0, 250]) }
    }

    @Test func `the number of keys in a file is limited`() throws {
        let one: [UInt8] = [0x98, 6, 4, 0, 0, 0, 0, 250]
        let many = Array(repeating: one, count: TrustLimits.maximumKeys + 1).flatMap { $0 }
        #expect(throws: OpenPGPError.tooManyKeys) { try describe(many) }
    }
}
