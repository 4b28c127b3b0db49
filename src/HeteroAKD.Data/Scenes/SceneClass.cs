namespace HeteroAKD.Data;

/// <summary>The classes of a procedural scene. What decides each is written in docs/scenes.md.</summary>
public enum SceneClass : byte
{
    /// <summary>Everything above the far skyline.</summary>
    Sky = 0,

    /// <summary>Looks like the sky and the skyline it mirrors; below the horizon.</summary>
    Water = 1,

    /// <summary>Facades, near and on the skyline; some of the road's grey, some of sky-coloured glass.</summary>
    Building = 2,

    /// <summary>The strip with lanes.</summary>
    Road = 3,

    /// <summary>Looks like <see cref="Road"/>; the lamp over the lane is red.</summary>
    ClosedLane = 4,

    /// <summary>The strips beside the road, of the same grey.</summary>
    Pavement = 5,

    /// <summary>On the ground, of the trees' colour.</summary>
    Grass = 6,

    /// <summary>Crowns, trunks and wooded hills.</summary>
    Tree = 7,

    /// <summary>Posts and the beam over the road.</summary>
    Pole = 8,

    /// <summary>Discs, plates, lamps over the road, and billboards, whatever these show.</summary>
    Sign = 9,

    /// <summary>Vehicles on the road.</summary>
    Car = 10,

    /// <summary>Unlabelled: passers-by and the own car's bonnet.</summary>
    Ignore = 255,
}
