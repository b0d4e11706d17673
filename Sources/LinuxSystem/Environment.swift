import CLinux
import Glibc

/// The environment of this process, `NAME=VALUE` each.
package func processEnvironment() -> [String] {
    guard var next = clinux_environment() else { return [] }
    var variables: [String] = []
    while let text = next.pointee {
        variables.append(String(cString: text))
        next += 1
    }
    return variables
}

/// The value of an environment variable of this process.
package func environmentVariable(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return String(cString: value)
}
