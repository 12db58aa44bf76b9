using Engine.Diagnostics;

namespace Engine.State;

/// <summary>Every container of a root.</summary>
public static class StateListing
{
    /// <summary>Their states, in order of id, each corrected by what is alive. What is no container of the caller's is left out.</summary>
    public static List<StateDocument> Read(StateRoot root)
    {
        var states = new List<StateDocument>();
        foreach (string id in root.Ids())
        {
            try
            {
                using ContainerDirectory directory = root.Open(id);
                states.Add(Liveness.Read(directory));
            }
            catch (EngineException)
            {
                // Deleted between the listing and the look at it.
            }
        }

        return states;
    }
}
