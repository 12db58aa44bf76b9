using static Engine.Shared.Protocol.Limits;

namespace Engine.Spec;

/// <summary>hooks.</summary>
internal static class HookChecks
{
    public static void Run(RuntimeSpec spec, Findings findings)
    {
        if (spec.Hooks is not { } hooks)
            return;
        Kind(hooks.Prestart, "hooks.prestart", findings);
        Kind(hooks.CreateRuntime, "hooks.createRuntime", findings);
        Kind(hooks.CreateContainer, "hooks.createContainer", findings);
        Kind(hooks.StartContainer, "hooks.startContainer", findings);
        Kind(hooks.Poststart, "hooks.poststart", findings);
        Kind(hooks.Poststop, "hooks.poststop", findings);
        if (hooks.StartContainer.Length > StartHooks)
            findings.Error("hooks.startContainer", $"has more than {StartHooks} entries");
    }

    private static void Kind(HookSpec[] hooks, string at, Findings findings)
    {
        for (var i = 0; i < hooks.Length; i++)
        {
            var hook = hooks[i];
            var where = $"{at}[{i}]";
            CheckText.AbsolutePath(hook.Path, where + ".path", findings);
            CheckText.Environment(hook.Env, where + ".env", findings);
            Count(hook.Args, where + ".args", findings);
            Count(hook.Env, where + ".env", findings);
            // The schema has the lower bound. Milliseconds of it must fit poll(2)'s int.
            if (hook.Timeout > int.MaxValue / 1000)
                findings.Error(where + ".timeout", $"must be at most {int.MaxValue / 1000} seconds, is {hook.Timeout}");
        }
    }

    private static void Count(string[] strings, string at, Findings findings)
    {
        if (strings.Length > HookStrings)
            findings.Error(at, $"has more than {HookStrings} entries");
    }
}
