import FetchInterface
import LinuxSystem

/// The `verify` job.
func signatures(_ verification: Verification) throws -> FetchAnswer {
    throw Failure("signatures are not supported yet")
}

func publicKeys(in text: String) throws -> [PublicKey] {
    throw Failure("signatures are not supported yet")
}

func checkIssuers(of signature: [UInt8], among keys: [TrustedKey]) throws {
    throw Failure("signatures are not supported yet")
}
