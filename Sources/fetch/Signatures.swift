import FetchInterface
import OpenPGP

/// The `verify` job.
func signatures(_ verification: Verification) throws -> FetchAnswer {
    .signatures(try OpenPGP.verify(verification))
}

func publicKeys(in text: String) throws -> [PublicKey] { try describeKeys(text) }

func checkIssuers(of signature: [UInt8], among keys: [TrustedKey]) throws {
    try OpenPGP.checkIssuers(of: signature, keys: keys)
}
