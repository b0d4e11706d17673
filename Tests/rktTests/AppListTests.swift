import AppContainer
import Stage0
import Testing

@testable import rkt

/// Source: rkt 1.30.0, rkt/cli_apps_test.go and rkt/cli_apps.go.
@Suite struct AppListTests {
    private func arguments(_ words: String...) throws -> [[String]] {
        let apps = try parseRun(words).apps
        return zip(apps.images, apps.apps).map { [$0] + $1.arguments }
    }

    @Test func `arguments stand between two and three dashes`() throws {
        #expect(
            try arguments("img1", "--", "a", "b", "---", "img2", "--", "c") == [["img1", "a", "b"], ["img2", "c"]])
    }

    @Test func `an app flag is for the image before it, a pod flag can stand anywhere`() throws {
        let options = try parseRun([
            "img1", "--exec", "/x", "--", "-v", "---", "img2", "--volume=v,kind=host,source=/s", "--debug",
        ])
        #expect(options.apps.apps.map(\.exec) == ["/x", nil])
        #expect(options.apps.apps.map(\.arguments) == [["-v"], []])
        #expect(options.volumes.count == 1)
        #expect(options.isDebugging)
    }

    @Test func `two dashes before everything disappear`() throws {
        #expect(try arguments("--", "a") == [["a"]])
    }

    @Test func `three dashes outside of arguments and empty words mean nothing`() throws {
        #expect(try arguments("img", "---", "", "img2") == [["img"], ["img2"]])
    }

    @Test func `everything but three dashes is an argument`() throws {
        #expect(try arguments("img", "--", "--", "x", "--exec=/y", "") == [["img", "--", "x", "--exec=/y", ""]])
    }

    @Test(arguments: [
        (["--", "--", "a"], "an image is required before any app arguments"),
        (["img", "--", "a", "---", "--", "b"], "only one set of app arguments allowed per image"),
        (["--exec", "/x", "img"], #"invalid argument "/x" for --exec: --exec must follow an image"#),
        (["--exec=/x", "img"], #"invalid argument "/x" for --exec=/x: --exec must follow an image"#),
        (
            ["--caps-remove=CAP_KILL"],
            #"invalid argument "CAP_KILL" for --caps-remove=CAP_KILL: --caps-remove must follow an image"#
        ),
        (
            ["img", "--exec=/x", "--exec=/y"],
            #"invalid argument "/y" for --exec=/y: --exec specified multiple times for the same image"#
        ),
        (
            ["img", "--readonly-rootfs", "img2"],
            #"invalid argument "img2" for --readonly-rootfs: --readonly-rootfs must be set with a boolean"#
        ),
        (
            ["img", "--supplementary-gids=1,x"],
            #"invalid argument "1,x" for --supplementary-gids=1,x: --supplementary-gids must be integers"#
        ),
        (
            ["img", "--environment=A"],
            #"invalid argument "A" for --environment=A: invalid format of --environment flag "A""#
        ),
        (
            ["img", "--memory=4095"],
            #"invalid argument "4095" for --memory=4095: memory limit of 4095 bytes too low. "#
                + "Try a reasonable value, such as --memory=16M"
        ),
        (["img", "--nope"], "unknown flag: --nope"),
        (["img", "--mount", "volume=v,target=/d"], #"dangling mount point "/d": volume "v" not found"#),
        (["--mount", "volume=v,target=/d", "img"], #"dangling mount point "/d": volume "v" not found"#),
        (
            ["img", "--signature=x", "--signature=y"],
            #"invalid argument "y" for --signature=y: --signature specified multiple times for the same image"#
        ),
        (["--signature=x", "img"], #"invalid argument "x" for --signature=x: --signature must follow an image"#),
        (
            ["--pull-policy=always", "img"],
            #"invalid argument "always" for --pull-policy=always: "#
                + "unknown pull policy (must be one of: never, new, update)"
        ),
    ])
    func `mistakes are told in the words of the original`(words: [String], expected: String) {
        #expect(message { _ = try parseRun(words) } == expected)
    }

    @Test func `a mount before the first image is for all`() throws {
        let options = try parseRun([
            "--mount", "volume=v,target=/d", "img", "--volume=v,kind=host,source=/s", "--mount=volume=v,target=/e",
        ])
        #expect(options.apps.globalMounts.map(\.path) == ["/d"])
        #expect(options.apps.apps.map { $0.mounts.map(\.path) } == [["/e"]])
    }

    @Test func `repeated values replace, accumulate or win by key, as the flag says`() throws {
        let options = try parseRun([
            "img", "--user=a", "--user=b", "--supplementary-gids=1", "--supplementary-gids=2,3", "--environment=A=1",
            "--environment=B=2", "--environment=A=3",
        ])
        let app = try #require(options.apps.apps.first)
        #expect(app.user == "b")
        #expect(app.supplementaryGIDs == [1, 2, 3])
        #expect(app.environment.map { "\($0.name)=\($0.value)" } == ["B=2", "A=3"])
    }

    @Test func `fetch takes no arguments`() {
        #expect(throws: AppListError.argumentsUnsupported) { try parseRun(["img", "--", "x"], allowsArguments: false) }
    }
}
