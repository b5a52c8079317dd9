"""Names for generated accounts and people."""

from __future__ import annotations

import numpy as np
import polars as pl

FIRST = (
    "Ana Ben Chloe Daniel Elena Felix Grace Hugo Ines Jonas Kavya Liam Maya Noah Olga Pablo Quinn Rosa Samir Tara "
    "Umar Vera Wei Ximena Yusuf Zoe Arjun Bianca Carlos Dana Emeka Freya Goran Hana Ivan Julia Kenji Leila Marco Nadia"
)
LAST = (
    "Adams Baker Costa Dubois Evans Fischer Garcia Hughes Ito Jensen Kim Lopez Meyer Nguyen Okafor Patel Quist Rossi "
    "Silva Tanaka Ueda Vargas Weber Xu Young Zhang Anders Brown Chen Diaz Ekman Flores Gupta Hansen Ibarra Joshi Kaya "
    "Lindqvist Moreau Novak Olsen Perez Reyes Schmidt Torres Ulrich Vidal Walker Yilmaz Ziegler"
)
BRAND = (
    "Alder Apex Beacon Birch Bluewater Bright Cascade Cedar Clear Copper Crest Delta Eagle Echo Ember Evergreen Falcon "
    "First Frontier Golden Granite Harbor Hawthorn Highland Horizon Iron Juniper Keystone Lakeside Liberty Lumen Maple "
    "Meridian Metro Mill Noble North Oak Orchard Pacific Pine Pioneer Prairie Quarry Redwood Ridge River Sage Silver "
    "Sierra Stone Summit Sun Swift Timber Union Valley Vista West Willow"
)
TRADE = {
    "manufacturing": "Works Components Tooling Machine Plastics Steel",
    "health": "Health Clinics Medical Care Dental Labs",
    "retail": "Stores Outfitters Market Home Trading Goods",
    "software": "Software Systems Cloud Data Apps Digital",
    "finance": "Capital Bank Insurance Credit Partners Trust",
    "public_sector": "County City Transit Utilities District Parks",
    "logistics": "Freight Logistics Lines Cargo Shipping Storage",
    "energy": "Energy Power Solar Gas Wind Grid",
    "education": "College Schools Academy Learning Institute University",
    "food": "Foods Bakery Dairy Beverages Farms Kitchens",
}


def people(rng: np.random.Generator, count: int) -> pl.Series:
    """Distinct names of people; beyond 2,000 with a number."""
    given, family = FIRST.split(), LAST.split()
    everyone = len(given) * len(family)
    pick = np.concatenate([rng.permutation(everyone) for _ in range(-(-count // everyone))])[:count]
    frame = pl.DataFrame(
        {
            "first": pick % len(given),
            "last": pick // len(given),
            "again": np.arange(count) // everyone,
        }
    )
    number = pl.when(pl.col("again") > 0).then(pl.format(" {}", pl.col("again") + 1)).otherwise(pl.lit(""))
    first = pl.col("first").replace_strict(list(range(len(given))), given, return_dtype=pl.String)
    last = pl.col("last").replace_strict(list(range(len(family))), family, return_dtype=pl.String)
    return frame.select((first + " " + last + number).alias("name"))["name"]


def companies(rng: np.random.Generator, industry: np.ndarray, industries: tuple[str, ...]) -> pl.Series:
    """A name per account that suits its industry; not necessarily distinct."""
    trades = [TRADE[name].split() for name in industries]
    brands = pl.Series(BRAND.split())
    brands = brands.gather(rng.integers(0, len(brands), len(industry)))
    words = pl.Series([word for trade in trades for word in trade])
    starts = np.concatenate([[0], np.cumsum([len(trade) for trade in trades])])
    pick = starts[industry] + (rng.random(len(industry)) * np.diff(starts)[industry]).astype(np.int64)
    return brands + " " + words.gather(pick)
