import Glibc
package import SystemPackage

/// A system call that failed: which one, on what, and why.
package struct SystemCallError: Error, Equatable, CustomStringConvertible {
    /// The call by its name in section 2 of the manual, such as `mount`.
    package let call: String
    /// What it was asked to work on, in words for a person: paths, a pid, a namespace.
    package let subject: String
    package let errno: Errno

    package init(call: String, subject: String, errno: Errno) {
        self.call = call
        self.subject = subject
        self.errno = errno
    }

    package var description: String { "\(call) \(subject): \(errno)" }
}

/// Makes one system call and turns its -1 into a ``SystemCallError``.
///
/// `errno` is read in the statement after the call: anything in between, a string or a retain, may overwrite it.
/// Calls interrupted by a signal are repeated, so this is not for `close(2)`.
@discardableResult
package func check<Result: FixedWidthInteger & SignedInteger>(
    _ call: StaticString, _ subject: @autoclosure () -> String, _ body: () -> Result
) throws(SystemCallError) -> Result {
    while true {
        let result = body()
        let code = errno
        if result != -1 { return result }
        if code == EINTR { continue }
        throw SystemCallError(call: "\(call)", subject: subject(), errno: Errno(rawValue: code))
    }
}
