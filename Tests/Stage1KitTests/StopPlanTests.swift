import Glibc
import Stage1Kit
import Testing

@Suite struct StopPlanTests {
    @Test(arguments: [
        ("SIGTERM", SIGTERM), ("TERM", SIGTERM), ("15", 15), ("SIGRTMIN+3", 37), ("RTMAX", 64), ("RTMAX-2", 62),
        ("SIGWINCH", SIGWINCH), ("1", 1), ("64", 64),
    ])
    func `signals have names and numbers`(text: String, number: CInt) { #expect(signalNumber(text) == number) }

    @Test(arguments: [
        "", "0", "65", "+9", "-9", "SIG", "SIG9", "sigterm", "TERM ", "RTMIN+31", "RTMIN-1", "RTMIN+-1", "99999999999",
    ])
    func `anything else is none`(text: String) { #expect(signalNumber(text) == nil) }
}
