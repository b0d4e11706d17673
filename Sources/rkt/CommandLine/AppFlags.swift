import AppContainer
import Stage0

/// The flags of `run` and `prepare` that belong to the image before them.
func appFlags() -> [Flag] {
    [
        .app("exec", "override the exec command for the preceding image") { app, text in
            if app.exec != nil { throw AppListError.repeated("exec") }
            app.exec = text
        },
        .app("working-dir", "override the working directory of the preceding image") { $0.workingDirectory = $1 },
        .app("readonly-rootfs", "if set, the app's rootfs will be mounted read-only") { app, text in
            do {
                app.readOnlyRootFS = try parseGoBool(text)
            } catch {
                throw GoValueError(description: "--readonly-rootfs must be set with a boolean")
            }
        },
        .value(
            "mount",
            "mount point binding a volume to a path within an app; before the first image, for all apps"
        ) { options, text in
            options.apps.add(try Mount(parsingFlag: text))
        },
        .app("user", "user override for the preceding image") { $0.user = $1 },
        .app("group", "group override for the preceding image") { $0.group = $1 },
        .app("supplementary-gids", "supplementary group IDs override for the preceding image") { app, text in
            let groups = text.split(separator: ",", omittingEmptySubsequences: false).map(groupNumber)
            guard !groups.contains(nil) else {
                throw GoValueError(description: "--supplementary-gids must be integers")
            }
            app.supplementaryGIDs = (app.supplementaryGIDs ?? []) + groups.compactMap(\.self)
        },
        .app("name", "set the name of the app") { $0.name = $1 },
        named("environment", "set the app's environment variables in the form NAME=VALUE", \.environment),
        named("annotation", "set an annotation of the app in the form NAME=VALUE", \.annotations),
        named("user-annotation", "set the app's user annotations in the form NAME=VALUE", \.userAnnotations),
        named("user-label", "set the app's user labels in the form NAME=VALUE", \.userLabels),
        .app("memory", "memory limit for the preceding image, such as 16M or 1Gi") { app, text in
            let quantity = try Quantity(text)
            guard let bytes = quantity.bytesRoundedUp else {
                throw GoValueError(description: "memory limit \(quoted(text)) is too large")
            }
            if bytes < 4096 {
                throw GoValueError(
                    description: "memory limit of \(bytes) bytes too low. Try a reasonable value, such as --memory=16M")
            }
            app.memory = quantity
        },
        .app("cpu", "cpu limit for the preceding image, such as 500m or 1") { $0.cpu = try processorLimit($1) },
        .app("cpu-shares", "cpu-shares assigns the specified CPU time share weight, 2 to 262144") { app, text in
            guard let shares = UInt64(text) else {
                throw GoValueError(description: "strconv.ParseUint: parsing \(quoted(text)): invalid syntax")
            }
            guard (2...262_144).contains(shares) else {
                throw GoValueError(description: "cpu-shares must be between 2 and 262144")
            }
            app.cpuShares = shares
        },
        .app("pids", "limit on processes and threads of the preceding image") { $0.pids = try processCount($1) },
        .app("rlimit", "resource limit of the preceding image in the form NAME=SOFT[:HARD], such as nofile=1024") {
            app, text in
            let limit = try ProcessLimit(parsing: text)
            app.rlimits.removeAll { $0.resource == limit.resource }
            app.rlimits.append(limit)
        },
        .app("oom-score-adj", "oom-score-adj value for the preceding image, -1000 to 1000") { app, text in
            guard let score = Int32(text) else {
                throw GoValueError(description: "strconv.ParseInt: parsing \(quoted(text)): invalid syntax")
            }
            guard (-1000...1000).contains(score) else {
                throw GoValueError(description: "oom-score-adj must be between -1000 and 1000")
            }
            app.oomScoreAdjust = score
        },
        retainCapabilities("caps-retain"),
        retainCapabilities("cap-retain").withVisibility(.deprecated("use --caps-retain instead")),
        removeCapabilities("caps-remove"),
        removeCapabilities("cap-remove").withVisibility(.deprecated("use --caps-remove instead")),
        .app("caps-ambient", "capability that the preceding image has although it is not root, such as CAP_NET_RAW") {
            app, text in
            app.ambientCapabilities = text.split(separator: ",").map(String.init)
        },
        .app("seccomp", "seccomp filter override: mode=retain|remove[,errno=NAME],SYSCALL[,SYSCALL...]") {
            $0.seccomp = $1
        },
        streamFlag("stdin", "standard input of the preceding image", ["null", "stream", "tty"]),
        streamFlag("stdout", "standard output of the preceding image", ["log", "null", "stream", "tty"]),
        streamFlag("stderr", "standard error of the preceding image", ["log", "null", "stream", "tty"]),
    ]
}

/// `--stdin` and its kin: the first mode is what happens without the flag.
private func streamFlag(_ name: String, _ usage: String, _ modes: [String]) -> Flag {
    .app(name, "\(usage): \(modes.joined(separator: ", ")) (default \(modes[0]))") { app, mode in
        guard modes.contains(mode) else { throw GoValueError(description: "invalid \(name) mode \(quoted(mode))") }
        app.streams.removeAll { $0.name == name }
        app.streams.append((name, mode))
    }
}

private func processorLimit(_ text: String) throws -> Quantity {
    let quantity = try Quantity(text)
    guard let milli = quantity.milliValue, milli <= UInt64(Int64.max) else {
        throw GoValueError(description: "cpu limit exceeds the maximum millivalue: \(text)")
    }
    if milli == 0 { throw GoValueError(description: "cpu limit of 0 lets nothing run") }
    return quantity
}

private func processCount(_ text: String) throws -> Quantity {
    guard text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains), let number = UInt64(text) else {
        throw GoValueError(description: "strconv.ParseUint: parsing \(quoted(text)): invalid syntax")
    }
    if number == 0 { throw GoValueError(description: "pids limit of 0 lets nothing start") }
    return try Quantity(text)
}

private func retainCapabilities(_ name: String) -> Flag {
    .app(name, "capability to retain for the preceding image, such as CAP_NET_ADMIN,CAP_SYS_PTRACE") { app, text in
        app.retainedCapabilities = text.split(separator: ",").map(String.init)
    }
}

private func removeCapabilities(_ name: String) -> Flag {
    .app(name, "capability to remove for the preceding image, such as CAP_NET_RAW") { app, text in
        app.removedCapabilities = text.split(separator: ",").map(String.init)
    }
}

/// A flag for `NAME=VALUE`, of which the last of a name counts.
private func named(
    _ flag: String, _ usage: String,
    _ list: any WritableKeyPath<AppOptions, [(name: String, value: String)]> & Sendable
) -> Flag {
    .app(flag, usage) { app, text in
        guard let (name, value) = keyAndValue(text), !name.isEmpty else {
            throw GoValueError(description: "invalid format of --\(flag) flag \(quoted(text))")
        }
        app[keyPath: list].removeAll { $0.name == name }
        app[keyPath: list].append((name, value))
    }
}

/// Digits only, and not the number that the kernel takes for none.
private func groupNumber(_ text: Substring) -> UInt32? {
    guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt32(text), number != .max else {
        return nil
    }
    return number
}

extension Flag {
    /// A flag that has to follow an image and changes what is asked for it.
    static func app(
        _ name: String, _ usage: String, set: @escaping @Sendable (inout AppOptions, String) throws -> Void
    ) -> Flag {
        .value(name, usage) { options, text in
            try options.apps.changeLast(for: name) { try set(&$0, text) }
        }
    }
}
