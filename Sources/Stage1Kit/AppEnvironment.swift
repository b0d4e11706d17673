import AppContainer
package import LinuxSystem

/// What every app has in its environment unless its manifest says otherwise.
///
/// Source: rkt 1.30.0, stage1/init/common/app.go.
package let defaultEnvironment: [(name: String, value: String)] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("SHELL", "/bin/sh"),
    ("USER", "root"),
    ("LOGNAME", "root"),
    ("HOME", "/root"),
]

/// What the kernel takes for one argument or variable, without the byte that ends it.
///
/// Source: execve(2), "Limits on size of arguments and environment"; `MAX_ARG_STRLEN`.
private let longestString = 131_071

/// The environment of an app, `NAME=VALUE` each: missing defaults, then the manifest's variables in their order.
///
/// `named` adds `AC_APP_NAME`, which flavors without isolation do not set. A variable that no program could be started with
/// is an error.
package func environment(of app: PreparedApp, named: Bool) throws(Failure) -> [String] {
    let own = Set(app.app.environment.map(\.name))
    var variables = defaultEnvironment.filter { !own.contains($0.name) }.map { "\($0.name)=\($0.value)" }
    variables += app.app.environment.map { "\($0.name)=\($0.value)" }
    if named {
        variables.removeAll { $0.hasPrefix("AC_APP_NAME=") }
        variables.append("AC_APP_NAME=\(app.name)")
    }
    if let variable = variables.first(where: { $0.utf8.count > longestString }) {
        throw Failure(
            "variable '\(variable.prefix { $0 != "=" }.prefix(80))' of app '\(app.name)' takes "
                + "\(variable.utf8.count) bytes with its name; the kernel starts programs with at most \(longestString)"
        )
    }
    return variables
}

/// Where a bare program name is looked for: the manifest's `PATH`, or else the working directory and two others.
///
/// Source: rkt 1.30.0, stage1/init/common/path.go.
package func searchPath(of app: PreparedApp) -> [String] {
    if let path = app.app.environment.last(where: { $0.name == "PATH" })?.value {
        return path.split(separator: ":").map(String.init)
    }
    return [app.app.workingDirectory ?? "/", "/bin", "/usr/bin"]
}

/// The file of `NAME=VALUE` lines for tools that read it; a value with a line break has no place in it.
package func environmentFile(_ variables: [String]) -> [UInt8] {
    Array(variables.filter { !$0.contains("\n") }.map { "\($0)\n" }.joined().utf8)
}
