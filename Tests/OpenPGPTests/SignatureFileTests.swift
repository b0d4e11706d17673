import FetchInterface
import OpenPGP
import SystemPackage
import TestSupport
import Testing

@Suite struct SignatureFileTests {
    private let keys: SigningKeys

    init() throws { keys = try SigningKeys.shared }

    private func refused(_ signature: [UInt8], _ reason: String?) {
        #expect(throws: OpenPGPError.noSignatures(reason)) { try signers(of: signature) }
    }

    @Test func `who signed is known without checking`() throws {
        try SignedThing.with { thing in
            let signature = try readBytes(keys.sign(thing.file, by: [.images, .stranger]))
            #expect(try signers(of: signature) == [keys.fingerprint(.images), keys.fingerprint(.stranger)])
        }
    }

    @Test func `before a download it is enough that one signer is known`() throws {
        try SignedThing.with { thing in
            let both = try readBytes(keys.sign(thing.file, by: [.images, .stranger]))
            let work = thing.work
            try checkIssuers(of: both, keys: [keys.trusted(.stranger)], directory: work)
            let subkey = try readBytes(keys.sign(thing.file, by: [.subkey]))
            try checkIssuers(of: subkey, keys: [keys.trusted(.subkey)], directory: work)
            #expect(throws: OpenPGPError.unknownEntity) {
                try checkIssuers(of: both, keys: [keys.trusted(.subkey)], directory: work)
            }
            #expect(throws: OpenPGPError.unknownEntity) { try checkIssuers(of: both, keys: [], directory: work) }
            #expect("\(OpenPGPError.unknownEntity)" == "openpgp: signature made by unknown entity")
            #expect(try entries(of: work) == [])
        }
    }

    @Test func `nothing at all, or something else, is no signature`() throws {
        refused([], nil)
        refused(Array("<html>not found</html>\n".utf8), nil)
        refused([0x80], "something else follows")
        refused([0x88], "it ends within a packet")
        refused(Array(repeating: 0xff, count: 100), "it ends within a packet")
        #expect(
            "\(OpenPGPError.noSignatures(nil))" == "keystore: no valid signatures found in signature file")
    }

    @Test(arguments: [true, false])
    func `a file cut anywhere is refused`(armored: Bool) throws {
        try SignedThing.with { thing in
            let whole = try readBytes(keys.sign(thing.file, armored: armored))
            let end = armored ? whole.count - 1 : whole.count  // a last line without its end is whole
            for length in stride(from: 0, to: end, by: Programs.long ? 1 : 7) {
                #expect(throws: OpenPGPError.self, "\(length)") { try signers(of: Array(whole[..<length])) }
            }
        }
    }

    @Test(arguments: [true, false])
    func `something after the signature is refused`(armored: Bool) throws {
        try SignedThing.with { thing in
            let whole = try readBytes(keys.sign(thing.file, armored: armored))
            refused(whole + Array("more".utf8), armored ? nil : "something else follows")
            refused(whole + [0], armored ? nil : "something else follows")
            if armored {
                refused(Array("before\n".utf8) + whole, nil)
                #expect(try signers(of: Array("\r\n\n".utf8) + whole + Array("\n \n".utf8)).count == 1)
            }
        }
    }

    @Test func `a changed armored text is noticed by its checksum`() throws {
        try SignedThing.with { thing in
            var text = try readBytes(keys.sign(thing.file))
            let index = try #require(text.firstIndex(of: UInt8(ascii: "\n"))) + 20
            text[index] = text[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            refused(text, "the armored block is damaged")
        }
    }

    @Test(arguments: [
        ("--sign", "it holds a 'PGP MESSAGE'"), ("--clear-sign", "it holds a 'PGP SIGNED MESSAGE'"),
        ("--store", "it holds a 'PGP MESSAGE'"),
        ("--textmode --detach-sign", "one is not over a binary document, or is damaged"),
    ])
    func `only detached signatures over binary documents are taken`(how: String, reason: String) throws {
        try SignedThing.with { thing in
            try writeText("a text\n", to: thing.file)
            refused(try readBytes(OldKeys.sign(thing.file, how: how)), reason)
        }
    }

    @Test func `a key is no signature`() throws {
        refused(try readBytes(keys.publicKey()), "it holds a 'PGP PUBLIC KEY BLOCK'")
        refused(try readBytes(OldKeys.home.get().appending("old.gpg")), "it holds more than signatures")
    }

    @Test func `sizes and numbers have limits`() throws {
        try SignedThing.with { thing in
            let one = try readBytes(keys.sign(thing.file, armored: false))
            let many = Array(repeating: one, count: TrustLimits.maximumSignatures + 1).flatMap { $0 }
            #expect(throws: OpenPGPError.tooManySignatures) { try signers(of: many) }
            #expect(try signers(of: Array(many.dropLast(one.count))).count == TrustLimits.maximumSignatures)
            #expect(throws: OpenPGPError.signatureTooLarge) {
                try signers(of: Array(repeating: 0x20, count: TrustLimits.maximumSignatureBytes + 1))
            }
        }
    }

    @Test func `damaged bytes never trap`() throws {
        try SignedThing.with { thing in
            var random = SystemRandomNumberGenerator()
            let whole = try readBytes(keys.sign(thing.file, armored: false))
            for _ in 0..<(Programs.long ? 1_000_000 : 10_000) {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                do { _ = try signers(of: bytes) } catch { continue }
            }
        }
    }
}
