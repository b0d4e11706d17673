import FetchInterface
import Glibc
import OpenPGP
import SystemPackage
import TestSupport
import Testing

@Suite struct VerifyTests {
    private let keys: SigningKeys

    init() throws { keys = try SigningKeys.shared }

    private func good(_ signer: SigningKeys.Signer) throws -> SignatureVerdict {
        SignatureVerdict(fingerprint: try keys.fingerprint(signer), identities: [signer.identity])
    }

    private func verdict(_ signer: SigningKeys.Signer, _ problem: String) throws -> SignatureVerdict {
        SignatureVerdict(fingerprint: try keys.fingerprint(signer), identities: [signer.identity], problem: problem)
    }

    @Test(arguments: [true, false])
    func `a good signature, armored or not`(armored: Bool) throws {
        try SignedThing.with { thing in
            let content = try thing.verify(keys.sign(thing.file, armored: armored), [keys.trusted(.images)])
            #expect(try content == SignedContent(contentDigest: thing.digest(), signatures: [good(.images)]))
        }
    }

    @Test func `an empty file can be signed`() throws {
        try SignedThing.with { thing in
            try writeBytes([], to: thing.file)
            let content = try thing.verify(keys.sign(thing.file), [keys.trusted(.images)])
            #expect(try content == SignedContent(contentDigest: thing.digest(), signatures: [good(.images)]))
        }
    }

    @Test func `a signature of another file is bad, and the digest is that of the file at hand`() throws {
        try SignedThing.with { thing in
            let signature = try keys.sign(thing.file)
            let other = thing.directory.appending("other")
            try writeBytes(readBytes(thing.file) + [0], to: other)
            let content = try thing.verify(signature, [keys.trusted(.images)], file: other)
            #expect(content.contentDigest == (try thing.digest(other)))
            #expect(content.signatures == [try verdict(.images, SignatureProblem.bad)])
        }
    }

    @Test func `a key that is not ours is unknown, and the digest is right all the same`() throws {
        try SignedThing.with { thing in
            let content = try thing.verify(keys.sign(thing.file, by: [.stranger]), [keys.trusted(.images)])
            #expect(content.contentDigest == (try thing.digest()))
            #expect(content.signatures.map(\.problem) == [SignatureProblem.unknownKey])
            #expect(
                try thing.verify(keys.sign(thing.file), []).signatures.map(\.problem) == [SignatureProblem.unknownKey])
        }
    }

    @Test func `a key that has expired does not count, though it was valid when it signed`() throws {
        try SignedThing.with { thing in
            let content = try thing.verify(keys.sign(thing.file, by: [.expired]), [keys.trusted(.expired)])
            #expect(content.signatures == [try verdict(.expired, SignatureProblem.keyExpired)])
        }
    }

    @Test func `a key that was revoked does not count`() throws {
        try SignedThing.with { thing in
            let signature = try keys.sign(thing.file, by: [.revoked])
            #expect(
                try thing.verify(signature, [keys.trusted(.revoked)]).signatures == [
                    verdict(.revoked, SignatureProblem.keyRevoked)
                ])
            let before = TrustedKey(
                fingerprint: try keys.fingerprint(.revoked), text: try readText(keys.revokedKeyBefore))
            #expect(try thing.verify(signature, [before]).signatures == [good(.revoked)])
        }
    }

    @Test func `a subkey signs for its primary key`() throws {
        try SignedThing.with { thing in
            let signature = try keys.sign(thing.file, by: [.subkey])
            #expect(try thing.verify(signature, [keys.trusted(.subkey)]).signatures == [good(.subkey)])
            let key = try #require(try describeKeys(readBytes(keys.publicKey(.subkey)), directory: thing.work).first)
            #expect(try signers(of: readBytes(signature)) == key.subkeyFingerprints)
        }
    }

    @Test func `a subkey that has expired does not count`() throws {
        try SignedThing.with { thing in
            let content = try thing.verify(OldKeys.sign(thing.file, by: "late"), [OldKeys.trusted("late")])
            #expect(content.signatures.map(\.problem) == [SignatureProblem.keyExpired])
            #expect(content.signatures.map(\.fingerprint) == [try OldKeys.trusted("late").fingerprint])
        }
    }

    @Test func `of several signatures each has its verdict`() throws {
        try SignedThing.with { thing in
            for signers in [[SigningKeys.Signer.stranger, .images], [.images, .stranger]] {
                let content = try thing.verify(keys.sign(thing.file, by: signers), [keys.trusted(.images)])
                #expect(Set(content.signatures.map(\.problem)) == [nil, SignatureProblem.unknownKey])
            }
            let both = try thing.verify(
                keys.sign(thing.file, by: [.images, .subkey]), [keys.trusted(.subkey), keys.trusted(.images)])
            #expect(try both.signatures == [good(.images), good(.subkey)])
        }
    }

    @Test func `armored signatures one after the other count as one file`() throws {
        try SignedThing.with { thing in
            let one = try readBytes(keys.sign(thing.file, by: [.stranger]))
            let other = try readBytes(keys.sign(thing.file, by: [.images]))
            #expect(
                try thing.verify(one + other, [keys.trusted(.images)]).signatures.map(\.problem) == [
                    SignatureProblem.unknownKey, nil,
                ])
        }
    }

    @Test func `a bad signature by a trusted key is told, before and after a good one`() throws {
        try SignedThing.with { thing in
            let other = thing.directory.appending("other")
            try writeText("something else", to: other)
            let bad = try readBytes(keys.sign(other, by: [.subkey], armored: false))
            let good = try readBytes(keys.sign(thing.file, by: [.images], armored: false))
            for signature in [bad + good, good + bad] {
                let content = try thing.verify(signature, [keys.trusted(.subkey), keys.trusted(.images)])
                #expect(content.signatures.contains(try verdict(.subkey, SignatureProblem.bad)))
                #expect(content.contentDigest == (try thing.digest()))
            }
        }
    }

    @Test func `a bad signature in the name of an unknown key hides no good one`() throws {
        try SignedThing.with { thing in
            let other = thing.directory.appending("other")
            try writeText("something else", to: other)
            let bad = try readBytes(keys.sign(other, by: [.stranger], armored: false))
            let signature = try readBytes(keys.sign(thing.file, armored: false))
            let content = try thing.verify(bad + signature, [keys.trusted(.images)])
            #expect(content.signatures.last == (try good(.images)))
        }
    }

    @Test func `a signature with a broken digest does not count`() throws {
        try SignedThing.with { thing in
            for algorithm in ["SHA1", "RIPEMD160"] {
                let signature = try OldKeys.sign(
                    thing.file, ["--digest-algo", algorithm, "--allow-weak-digest-algos"])
                let content = try thing.verify(signature, [OldKeys.trusted("old")])
                #expect(content.signatures.map(\.problem) == [SignatureProblem.weakDigest])
                #expect(content.contentDigest == (try thing.digest()))
            }
        }
    }

    @Test func `a signature that has expired does not count`() throws {
        try SignedThing.with { thing in
            let signature = try OldKeys.sign(thing.file, ["--default-sig-expire", "1d"])
            let content = try thing.verify(signature, [OldKeys.trusted("old")])
            #expect(content.signatures.map(\.problem) == [SignatureProblem.signatureExpired])
        }
    }

    @Test func `a signature from the future does not count`() throws {
        try SignedThing.with { thing in
            let content = try thing.verify(
                OldKeys.sign(thing.file, at: "20990101T000000"), [OldKeys.trusted("old")])
            #expect(content.signatures.map(\.problem) == [SignatureProblem.fromFuture])
        }
    }

    @Test func `a signature older than its key does not count`() throws {
        try SignedThing.with { thing in
            let signature = try OldKeys.sign(thing.file, at: "20190101T000000", ["--ignore-time-conflict"])
            let content = try thing.verify(signature, [OldKeys.trusted("old")])
            #expect(content.signatures.map(\.problem) == [SignatureProblem.timeConflict])
        }
    }

    @Test func `an RSA key is as good as any`() throws {
        try SignedThing.with { thing in
            let content = try thing.verify(OldKeys.sign(thing.file), [OldKeys.trusted("old")])
            #expect(content.signatures.map(\.problem) == [nil])
            #expect(content.signatures.map(\.identities) == [["Old Key <old@example.com>"]])
        }
    }

    @Test func `a key file that is not what its name says`() throws {
        try SignedThing.with { thing in
            var wrong = try keys.trusted(.images)
            wrong.fingerprint = String(repeating: "0", count: 40)
            let error = OpenPGPError.fingerprintMismatch(
                expected: wrong.fingerprint, actual: try keys.fingerprint(.images))
            let signature = try keys.sign(thing.file)
            #expect(throws: error) { try thing.verify(signature, [keys.trusted(.stranger), wrong]) }
            #expect("\(error)" == "fingerprint mismatch: \"\(wrong.fingerprint)\":\"\(try keys.fingerprint(.images))\"")
        }
    }

    @Test func `a second key in the file of a trusted one is not trusted`() throws {
        try SignedThing.with { thing in
            var two = try keys.trusted(.images)
            two.text += try readText(keys.publicKey(.stranger))
            let signature = try keys.sign(thing.file, by: [.stranger])
            #expect(try thing.verify(signature, [two]).signatures.map(\.problem) == [SignatureProblem.unknownKey])
        }
    }

    @Test func `no process and no file is left, and nothing of the user's is touched`() throws {
        try SignedThing.with { thing in
            let signature = try keys.sign(thing.file)
            _ = try thing.verify(signature, [keys.trusted(.images)])
            // libgpgme does not wait for gpg; the fetch program does.
            try waitUntil("gpg to end") {
                try entries(of: "/proc").filter { $0.allSatisfy(\.isNumber) }.allSatisfy { process in
                    let words = (try? readText(FilePath("/proc/\(process)/cmdline"))) ?? ""  // just gone
                    return !words.contains(thing.work.string)
                }
            }
            #expect(try entries(of: thing.work) == [])
        }
    }

    @Test func `the home of a verification that was killed is removed by the next one`() throws {
        try SignedThing.with { thing in
            try makeDirectories(thing.work.appending("gnupg-0123456789abcdef"))
            try writeText("x", to: thing.work.appending("gnupg-0123456789abcdef/pubring.kbx"))
            let signature = try keys.sign(thing.file)
            #expect(try thing.verify(signature, [keys.trusted(.images)]).signatures == [good(.images)])
        }
    }

    @Test func `only a regular file is verified`() throws {
        try SignedThing.with { thing in
            let signature = base64(try readBytes(keys.sign(thing.file)))
            let directory = open(thing.directory.string, O_RDONLY | O_CLOEXEC)
            defer { close(directory) }
            for number in [-1, 0, 9999, directory] {
                #expect(throws: OpenPGPError.notAFile(number)) {
                    try verify(Verification(file: number, signature: signature, keys: []), directory: thing.work)
                }
            }
        }
    }
}
