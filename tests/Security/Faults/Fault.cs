namespace Engine.Tests.Security.Faults;

/// <summary>
/// A starter with one mechanism taken out. The privileged sources carry nothing for it: the text of the mechanism is replaced in a
/// copy, and a build of that copy goes to out/test/broken/NAME, never anywhere else.
/// </summary>
/// <param name="Name">Directory and name in reports.</param>
/// <param name="Without">What the broken starter does not do, or does instead.</param>
/// <param name="Edits">All are made.</param>
internal sealed record Fault(string Name, string Without, params Edit[] Edits);

/// <summary>
/// <paramref name="From"/> must stand in <paramref name="File"/> exactly once: a mechanism that has moved is an error of the table, not
/// a fault that quietly does nothing.
/// </summary>
internal sealed record Edit(string File, string From, string To);
